// Which volume of a drive is the job's: a pure decision over what the root of each volume shows (spec 6, situations).

import type { Volume } from '#drive/contract.ts';
import type { LoaderMessage } from '#protocol/loader.ts';
import { hold, type Hold } from './hold.ts';

/** What a loader found in the root of a volume. */
export type Inspection = Extract<LoaderMessage, { readonly kind: 'inspected' }>;

/** A volume that was looked at. `isOptional`: an EFI system partition, which counts only if it holds SIGNATURE. */
export interface InspectedVolume {
  readonly volume: Volume;
  readonly isOptional: boolean;
  readonly inspection: Inspection;
}

/** The volume to load with its SIGNATURE file's bytes, or why none can be chosen. */
export type VolumeChoice =
  | {
      readonly kind: 'volume';
      readonly index: number;
      readonly signature: Uint8Array;
      /** Why it should not be loaded unless a person vouches for it, in the order in which they are told. */
      readonly doubts: readonly Hold[];
    }
  | { readonly kind: 'hold'; readonly hold: Hold };

/** Chooses the one volume whose root holds a usable SIGNATURE; everything ambiguous is a hold. */
export const judgeVolumes = (volumes: readonly InspectedVolume[]): VolumeChoice => {
  const signed = volumes.flatMap((one, index) => (one.inspection.signature.kind === 'missing' ? [] : [{ one, index }]));
  const chosen = signed[0];
  if (chosen === undefined) return held(missing(volumes));
  if (signed.length > 1) {
    return held(hold('SeveralSignatures', { volumes: signed.map(({ one }) => volumeName(one.volume)).join(', ') }));
  }
  const { signature } = chosen.one.inspection;
  if (signature.kind === 'unusable') return held(unusable(signature));
  if (signature.kind === 'missing') return held(missing(volumes));
  const other = volumes.find(
    (one, index) => index !== chosen.index && !one.isOptional && one.inspection.otherEntries > 0,
  );
  const doubts = [
    ...(other === undefined ? [] : [otherVolume(other.volume)]),
    ...(chosen.one.inspection.otherEntries === 0 ? [hold('NothingToLoad')] : []),
  ];
  return { kind: 'volume', index: chosen.index, signature: Buffer.from(signature.content, 'base64'), doubts };
};

const otherVolume = (volume: Volume): Hold =>
  hold('OtherVolumeWithData', {
    volume: volumeName(volume),
    size: String(volume.sizeBytes),
    label: volume.label ?? '',
  });

const held = (value: Hold): VolumeChoice => ({ kind: 'hold', hold: value });

const missing = (volumes: readonly InspectedVolume[]): Hold => {
  const nearMisses = volumes.flatMap(({ inspection }) => inspection.nearMisses);
  return hold('MissingSignature', { found: nearMisses.length === 0 ? 'nothing like it' : nearMisses.join(', ') });
};

const unusable = (signature: Extract<Inspection['signature'], { readonly kind: 'unusable' }>): Hold => {
  if (signature.reason === 'too-large') return hold('SignatureTooLarge', { size: String(signature.sizeBytes) });
  return hold('SignatureNotAFile', { reason: signature.reason });
};

const volumeName = (volume: Volume): string =>
  volume.partitionNumber === 0 ? 'the whole drive' : `partition ${String(volume.partitionNumber)}`;
