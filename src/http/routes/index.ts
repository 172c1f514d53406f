/** Every endpoint of the API port, in the order of the API reference: an area is a folder, an endpoint a file in it. */
import type { Endpoint } from '../endpoint.ts';
import { authEndpoints } from './auth/index.ts';
import { configEndpoints } from './config/index.ts';
import { conversationEndpoints } from './conversation/index.ts';
import { friendEndpoints } from './friend/index.ts';
import { groupEndpoints } from './group/index.ts';
import { jobsEndpoints } from './jobs/index.ts';
import { jssdkEndpoints } from './jssdk/index.ts';
import { msgEndpoints } from './msg/index.ts';
import { nodesEndpoints } from './nodes/index.ts';
import { objectEndpoints } from './object/index.ts';
import restart from './restart.ts';
import { statisticsEndpoints } from './statistics/index.ts';
import { thirdEndpoints } from './third/index.ts';
import { userEndpoints } from './user/index.ts';
import { webhooksEndpoints } from './webhooks/index.ts';

export const endpoints: readonly Endpoint[] = [
  ...authEndpoints,
  ...userEndpoints,
  ...conversationEndpoints,
  ...friendEndpoints,
  ...groupEndpoints,
  ...msgEndpoints,
  ...objectEndpoints,
  ...jssdkEndpoints,
  ...statisticsEndpoints,
  ...thirdEndpoints,
  ...jobsEndpoints,
  ...nodesEndpoints,
  ...webhooksEndpoints,
  ...configEndpoints,
  restart,
];
