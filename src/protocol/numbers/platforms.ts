/** Platforms and their classes. Protocol: rest-core.md 5.1, websocket.md 7.1. */

/** Every platform a client can log in from, by the name that OpenIM uses in keys and texts. */
export const platforms = {
  IOS: 1,
  Android: 2,
  Windows: 3,
  OSX: 4,
  Web: 5,
  MiniWeb: 6,
  Linux: 7,
  APad: 8,
  IPad: 9,
  Admin: 10,
  HarmonyOS: 11,
  /** In the newest protocol only. */
  Bot: 12,
} as const;

export type PlatformName = keyof typeof platforms;
export type PlatformID = (typeof platforms)[PlatformName];

/** Platforms of one class compete with each other under login policies 4 and 5. */
export type PlatformClass = 'Mobile' | 'PC' | 'Pad' | 'Web' | 'MiniWeb' | 'Admin' | 'HarmonyOS' | 'Bot';

const platformTable: Readonly<Record<PlatformID, { name: PlatformName; class: PlatformClass }>> = {
  1: { name: 'IOS', class: 'Mobile' },
  2: { name: 'Android', class: 'Mobile' },
  3: { name: 'Windows', class: 'PC' },
  4: { name: 'OSX', class: 'PC' },
  5: { name: 'Web', class: 'Web' },
  6: { name: 'MiniWeb', class: 'MiniWeb' },
  7: { name: 'Linux', class: 'PC' },
  8: { name: 'APad', class: 'Pad' },
  9: { name: 'IPad', class: 'Pad' },
  10: { name: 'Admin', class: 'Admin' },
  11: { name: 'HarmonyOS', class: 'HarmonyOS' },
  12: { name: 'Bot', class: 'Bot' },
};

/** All platform IDs in ascending order. */
export const platformIDs: readonly PlatformID[] = Object.values(platforms);

/** For texts that say which are known. */
export const platformRange = `1 to ${platformIDs.length}`;

/** The classes, in the order of their first platforms. */
export const platformClasses: readonly PlatformClass[] = [...new Set(platformIDs.map((id) => platformTable[id].class))];

export function isKnownPlatform(id: number): id is PlatformID {
  return Object.hasOwn(platformTable, id);
}

/** The platform's name as it appears in OpenIM's keys and log texts; '' for an unknown ID. */
export function platformName(id: PlatformID): PlatformName;
export function platformName(id: number): PlatformName | '';
export function platformName(id: number): PlatformName | '' {
  return isKnownPlatform(id) ? platformTable[id].name : '';
}

/** The platform's name for metrics; tokens that OpenIM issued may bear numbers that nobody knows. */
export function platformLabel(id: number): string {
  return platformName(id) || 'unknown';
}

/** The platform that a text means, by its name, case ignored, or by its number. */
export function findPlatform(text: string): PlatformID | undefined {
  return platformIDs.find((id) => platformName(id).toLowerCase() === text.toLowerCase() || String(id) === text);
}

/** The platform's class for login policies 4 and 5; '' for an unknown ID. */
export function platformClass(id: PlatformID): PlatformClass;
export function platformClass(id: number): PlatformClass | '';
export function platformClass(id: number): PlatformClass | '' {
  return isKnownPlatform(id) ? platformTable[id].class : '';
}
