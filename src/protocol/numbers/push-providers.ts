/** The push services that Tessera speaks to, as requests and settings name them. Protocol: objects-push-webhooks.md 2.5. */

export const pushProviderNames = ['fcm', 'apns', 'getui', 'jpush'] as const;
export type PushProviderName = (typeof pushProviderNames)[number];

export function isPushProviderName(name: string): name is PushProviderName {
  return pushProviderNames.some((known) => known === name);
}
