// Countries as customers write them: enough to tell the United States, Canada and the European Union (spec 1.4, 1.5).

type Names = readonly [code: string, ...others: readonly string[]];

// ISO 3166-1 alpha-2, alpha-3 and the English names; the European Union as of 2020.
const EUROPEAN_UNION: readonly Names[] = [
  ['at', 'aut', 'austria'],
  ['be', 'bel', 'belgium'],
  ['bg', 'bgr', 'bulgaria'],
  ['hr', 'hrv', 'croatia'],
  ['cy', 'cyp', 'cyprus'],
  ['cz', 'cze', 'czechia', 'czech republic'],
  ['dk', 'dnk', 'denmark'],
  ['ee', 'est', 'estonia'],
  ['fi', 'fin', 'finland'],
  ['fr', 'fra', 'france'],
  ['de', 'deu', 'germany'],
  ['gr', 'grc', 'greece', 'el'],
  ['hu', 'hun', 'hungary'],
  ['ie', 'irl', 'ireland', 'republic of ireland'],
  ['it', 'ita', 'italy'],
  ['lv', 'lva', 'latvia'],
  ['lt', 'ltu', 'lithuania'],
  ['lu', 'lux', 'luxembourg'],
  ['mt', 'mlt', 'malta'],
  ['nl', 'nld', 'netherlands', 'the netherlands', 'holland'],
  ['pl', 'pol', 'poland'],
  ['pt', 'prt', 'portugal'],
  ['ro', 'rou', 'romania'],
  ['sk', 'svk', 'slovakia'],
  ['si', 'svn', 'slovenia'],
  ['es', 'esp', 'spain'],
  ['se', 'swe', 'sweden'],
];

const OTHERS: readonly Names[] = [
  ['us', 'usa', 'united states', 'united states of america'],
  ['ca', 'can', 'canada'],
  ['gb', 'gbr', 'uk', 'united kingdom', 'great britain'],
  ['ch', 'che', 'switzerland'],
  ['no', 'nor', 'norway'],
];

const CODES: ReadonlyMap<string, string> = new Map(
  [...EUROPEAN_UNION, ...OTHERS].flatMap((names) => names.map((name) => [name, names[0]] as const)),
);
const EUROPEAN_UNION_CODES: ReadonlySet<string> = new Set(EUROPEAN_UNION.map(([code]) => code));

/** The one form of a country's name: its ISO 3166-1 alpha-2 code in lower case where known, else the words, lower case. */
export const countryCode = (name: string): string => {
  const words = name
    .toLowerCase()
    .replaceAll('.', '')
    .split(/\s+/u)
    .filter((word) => word !== '')
    .join(' ');
  return CODES.get(words) ?? words;
};

/** True where an address needs `stateOrProvince`: United States and Canada (spec 1.4). */
export const hasStates = (country: string): boolean => ['us', 'ca'].includes(countryCode(country));

/** True for the spellings of the United States. */
export const isUnitedStates = (country: string): boolean => countryCode(country) === 'us';

/** True where a device crosses no customs border: same country, or both in the European Union (spec 1.5). */
export const isWithoutCustoms = (one: string, other: string): boolean => {
  const codes = [countryCode(one), countryCode(other)];
  return codes[0] === codes[1] || codes.every((code) => EUROPEAN_UNION_CODES.has(code));
};
