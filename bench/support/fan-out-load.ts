/** Messages to a group, timed until each of its members has them. */
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as passed } from 'node:timers/promises';
import { readFrame, requestMaker } from './chat-frames.ts';
import type { LeanSocket } from './lean-socket.ts';
import { type MeasurePlan, measured, type Spent, warmedUp } from './measured-time.ts';
import { type Spread, spreadOf } from './spread.ts';

export interface FanOutOrder extends MeasurePlan {
  readonly groupID: string;
  /** The first of the sockets are its members. */
  readonly members: number;
  /** The first of the members; each sends its next message when all others have the last. */
  readonly senders: number;
}

export interface FanOutResult extends Spent {
  readonly sentPerSecond: number;
  readonly deliveriesPerSecond: number;
  readonly errors: number;
  /** From sending until a member has it, in ms. */
  readonly receipt: Spread;
  /** One of the pushes, in base64. */
  readonly sample: string;
}

export async function fanOut(sockets: readonly LeanSocket[], order: FanOutOrder): Promise<FanOutResult> {
  const { groupID, members, senders } = order;
  /** By sender. */
  const requests = Array.from({ length: senders }, (_, sender) => requestMaker(sender, 'JSON', groupID));
  const places: number[] = Array(senders).fill(-1);
  const sentAt: number[] = Array(senders).fill(0);
  const missing: number[] = Array(senders).fill(0);
  /** In microseconds. */
  const receipts = createHistogram();
  const counts = { warmingUp: 0, sent: 0, delivered: 0, errors: 0 };
  let phase: 'warming up' | 'measuring' | 'over' = 'warming up';
  let sample = '';

  const send = (sender: number) => {
    places[sender]! += 1;
    missing[sender] = members - 1;
    sentAt[sender] = performance.now();
    sockets[sender]?.send(requests[sender]!(places[sender]!));
  };
  for (const [member, socket] of sockets.slice(0, members).entries()) {
    socket.onFrame((payload) => {
      const { kind, sender, place } = readFrame(payload, 'JSON');
      if (kind === 'error') counts.errors += 1;
      // The echo comes later by design.
      if (kind !== 'push' || sender === member || place !== places[sender]) return;
      if (phase === 'measuring') {
        counts.delivered += 1;
        receipts.record(Math.max(1, Math.round((performance.now() - sentAt[sender]!) * 1000)));
      } else counts.warmingUp += 1;
      if (sample === '') sample = payload.toString('base64');
      missing[sender]! -= 1;
      if (missing[sender]! > 0) return;
      if (phase === 'measuring') counts.sent += 1;
      if (phase !== 'over') send(sender);
    });
  }
  for (let sender = 0; sender < senders; sender += 1) send(sender);
  await warmedUp(order, () => counts.warmingUp);
  phase = 'measuring';
  const spent = await measured(order);
  phase = 'over';
  const { sent, delivered, errors } = { ...counts };
  await passed(500);
  return {
    ...spent,
    sentPerSecond: (sent * 1000) / spent.ms,
    deliveriesPerSecond: (delivered * 1000) / spent.ms,
    errors,
    receipt: spreadOf(receipts, 1000),
    sample,
  };
}
