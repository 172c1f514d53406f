/**
 * Child process: the gateway with a chat behind it that stores nothing, to tell its own cost from that of the domains
 * and the database. Every token is accepted, and names its user.
 */
import { MemoryBus } from '../../src/bus/memory-bus.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import { defaultLimits } from '../../src/gateway/limits.ts';
import type { RequestHandler } from '../../src/gateway/requests/request-handler.ts';
import { MemoryPresence } from '../../src/presence/memory-presence.ts';
import { singleChatID } from '../../src/protocol/conversation-id.ts';
import { createGobFrameCodec } from '../../src/protocol/frames/gob-frame-codec.ts';
import { createJsonFrameCodec } from '../../src/protocol/frames/json-frame-codec.ts';
import { MsgData, SendMsgResp } from '../../src/protocol/gen/openim.ts';
import { reqIdentifiers } from '../../src/protocol/numbers/request-identifiers.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { OperationScope } from '../../src/telemetry/operation.ts';
import { TokenEvents } from '../../src/tokens/events.ts';

const scope = new OperationScope();
const bus = new MemoryBus();
const endsAt = Date.now() + 86_400_000;

const send: RequestHandler = async ({ operationID }, data) => {
  const message = MsgData.decode(data);
  const { sendID, recvID, clientMsgID } = message;
  const body = Buffer.from(MsgData.encode({ ...message, sendTime: Date.now(), seq: 1 }).finish());
  const audience = { users: [sendID, recvID] };
  const conversationID = singleChatID(sendID, recvID);
  bus.deliver({ audience, conversationID, logID: conversationID, seq: 0, body, operationID });
  return SendMsgResp.encode({
    serverMsgID: clientMsgID,
    clientMsgID,
    sendTime: Date.now(),
    modify: undefined,
  }).finish();
};

const gateway = createGateway({
  authority: {
    verify: async (token) => ({
      userID: token,
      platformID: 5,
      jti: token,
      isAdmin: false,
      issuedAt: 0,
      loginAt: 0,
      expiresAt: endsAt,
      endsAt,
      isSuperseded: false,
      kid: '',
    }),
    lookAgain: async () => endsAt,
    hearsAll: () => true,
    displacedPlatforms: () => [],
    displace: async () => {},
    displaceElsewhere: async () => {},
  },
  events: new TokenEvents(console.error),
  handlers: new Map([[reqIdentifiers.sendMessage, send]]),
  bus,
  presence: new MemoryPresence(),
  codecs: { go: createGobFrameCodec(), js: createJsonFrameCodec() },
  limits: defaultLimits,
  metrics: createMetrics(),
  logger: createLogger({ level: 'warn', format: 'json', secrets: () => [], scope }),
  scope,
  clock: Date.now,
});

process.on('disconnect', () => process.exit());
process.send?.({ port: await gateway.listen('127.0.0.1', 0) });
