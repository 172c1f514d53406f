/** Every endpoint under /third, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import fcmUpdateToken from './fcm_update_token.ts';
import setAppBadge from './set_app_badge.ts';

export const thirdEndpoints: readonly Endpoint[] = [fcmUpdateToken, setAppBadge];
