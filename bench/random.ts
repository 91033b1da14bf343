// Numbers that look random and are the same in every run: data sets are made from a seed.

/** Gives whole numbers from 0 to `below` less one. */
export type Random = (below: number) => number;

const UINT32_COUNT = 0x1_0000_0000;

/** A sequence from a seed (xorshift32, Marsaglia 2003); equal seeds give equal sequences. */
export const createRandom = (seed: number): Random => {
  // The sequence of 0 is 0 for ever.
  let state = seed >>> 0 === 0 ? 1 : seed >>> 0;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return Math.floor((state / UINT32_COUNT) * below);
  };
};

/** Bytes without a pattern that a file system or a program could make use of. */
export const randomBytesOf = (seed: number, sizeBytes: number): Buffer => {
  const random = createRandom(seed);
  const words = new Uint32Array(Math.ceil(sizeBytes / Uint32Array.BYTES_PER_ELEMENT));
  for (let index = 0; index < words.length; index += 1) words[index] = random(UINT32_COUNT);
  return Buffer.from(words.buffer, 0, sizeBytes);
};
