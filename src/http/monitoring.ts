/** Where OpenIM's monitoring looks: what there is to scrape, and the way to the dashboard. Protocol: rest-core.md 8, 11. */
import type { IncomingMessage } from 'node:http';
import type { Answer } from './exchange.ts';
import { contentTypes } from './response-headers.ts';

export interface Monitoring {
  /** Empty: there is no dashboard. */
  readonly grafanaUrl: string;
  /**
   * What Prometheus is to scrape, as `host:port`.
   * @param here the server that is asked, as the caller has reached it
   */
  readonly targets: (here: string) => Promise<readonly string[]>;
}

/** Parts of OpenIM that are processes of their own there. Each process here has all of them, and is told as the first. */
const services = [
  ...['api', 'user', 'group', 'msg', 'friend', 'conversation', 'third', 'auth', 'push'],
  ...['msg_gateway', 'msg_transfer'],
];

const discoveryPath = (service: string) => `/prometheus_discovery/${service}`;
const dashboardPath = '/third/prometheus';

/** All by GET. */
export const monitoringPaths: readonly string[] = [dashboardPath, ...services.map(discoveryPath)];

export function monitoringPages(monitoring: Monitoring) {
  return [
    [dashboardPath, () => dashboard(monitoring.grafanaUrl)],
    ...services.map((service, place) => {
      const answer = async ({ headers, socket }: IncomingMessage): Promise<Answer> => {
        // Each process once: who scrapes all eleven would otherwise count everything eleven times.
        const found = place === 0 ? await monitoring.targets(headers.host ?? `127.0.0.1:${socket.localPort}`) : [];
        const body = JSON.stringify(found.length === 0 ? [] : [{ targets: found, labels: { namespace: 'default' } }]);
        return { status: 200, code: 0, contentType: contentTypes.json, body };
      };
      return [discoveryPath(service), answer] as const;
    }),
  ] as const;
}

function dashboard(grafanaUrl: string): Answer {
  if (grafanaUrl !== '') return { status: 302, code: 0, headers: { Location: grafanaUrl }, body: '' };
  return { status: 404, code: 404, contentType: contentTypes.text, body: '404 TESSERA_GRAFANA_URL is not set' };
}
