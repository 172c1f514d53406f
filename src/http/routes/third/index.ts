/** Every endpoint under /third, in the order of the API reference. */
import type { Endpoint } from '../../endpoint.ts';
import fcmUpdateToken from './fcm_update_token.ts';
import logsDelete from './logs/delete.ts';
import logsSearch from './logs/search.ts';
import logsUpload from './logs/upload.ts';
import sendTestPush from './send_test_push.ts';
import setAppBadge from './set_app_badge.ts';

export const thirdEndpoints: readonly Endpoint[] = [
  fcmUpdateToken,
  setAppBadge,
  sendTestPush,
  logsDelete,
  logsSearch,
  logsUpload,
];
