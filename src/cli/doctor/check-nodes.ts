/** Whether the nodes that live make a whole cluster, and are well. */
import { roles } from '../../config/node-settings.ts';
import { type SharedSettings, settingsThatDiffer } from '../../config/shared-settings.ts';
import { advice, type Finding, ok, problem } from './finding.ts';

/** As the registry in Redis has it. */
export interface NodeFacts {
  readonly nodeID: string;
  readonly roles: readonly string[];
  readonly version: string;
  readonly host: string;
  readonly lagMs: number;
  readonly clockAheadMs: number;
  readonly settings: SharedSettings;
  /** How long ago it last said that it lives, ms. */
  readonly heartbeatAgeMs: number;
}

const wrongClockMs = 1000;
const lateMs = 500;
/** Two heartbeats and a bit. */
const silentMs = 7000;

export function checkNodes(nodes: readonly NodeFacts[]): Finding[] {
  if (nodes.length === 0) return [ok(subject, 'none runs at present')];
  return [checkRoles(nodes), checkVersions(nodes), ...checkSettings(nodes), ...nodes.flatMap(checkNode)];
}

const subject = 'nodes';

function checkRoles(nodes: readonly NodeFacts[]): Finding {
  const missing = roles.filter((role) => !nodes.some((node) => node.roles.includes(role)));
  if (missing.length === 0) return ok(subject, `${nodes.length}, with all roles among them`);
  const text = `${nodes.length}, none of which has ${missing.join(', ')}`;
  return problem(subject, text, 'give TESSERA_ROLES of one of them that role, or start one that has it');
}

function checkVersions(nodes: readonly NodeFacts[]): Finding {
  const versions = [...new Set(nodes.map(({ version }) => version))].sort();
  if (versions.length === 1) return ok(`${subject}: version`, versions.join());
  const text = `${versions.join(' and ')} run together, as they may while an upgrade goes on`;
  return advice(`${subject}: version`, text, 'finish it, or take it back: tessera nodes list shows who has which');
}

function checkSettings(nodes: readonly NodeFacts[]): Finding[] {
  const differing = settingsThatDiffer(nodes);
  if (differing.size === 0) return [ok(`${subject}: settings`, 'the same on all that tell')];
  return Array.from(differing, ([of, others]) => {
    const names = others.map(({ nodeID, host }) => `${nodeID} on ${host}`).join(', ');
    const text = `those of ${of} differ from the others' on ${names}`;
    return problem(`${subject}: settings`, text, 'give all nodes the same; tessera config shows those of one');
  });
}

function checkNode({ nodeID, host, lagMs, clockAheadMs, heartbeatAgeMs }: NodeFacts): Finding[] {
  const one = `node ${nodeID} on ${host}`;
  const findings: Finding[] = [];
  if (Math.abs(clockAheadMs) >= wrongClockMs) {
    const text = `its clock is ${Math.abs(clockAheadMs)} ms ${clockAheadMs > 0 ? 'ahead of' : 'behind'} that of Redis, by which nodes go`;
    findings.push(advice(`${one}: clock`, text, 'run NTP on both'));
  }
  if (lagMs >= lateMs) {
    const text = `its event loop was ${lagMs} ms late of late: all who are connected there wait as long`;
    findings.push(advice(`${one}: event loop`, text, 'more nodes, or fewer clients for this one'));
  }
  if (heartbeatAgeMs >= silentMs) {
    const text = `it last said ${Math.round(heartbeatAgeMs / 1000)} s ago that it lives: it stands still, or does not reach Redis`;
    findings.push(problem(`${one}: heartbeat`, text, 'look at its log, and at the network to Redis'));
  }
  return findings;
}
