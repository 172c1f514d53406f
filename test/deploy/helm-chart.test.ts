/** What the Helm chart makes of its values: Kubernetes takes it, old and new, and each value does what it says. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { parseAllDocuments, parse as parseYaml } from 'yaml';
import { optionInfos } from '../../src/config/options.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { readVersion } from '../../src/version.ts';
import { helmProgram, kubeconformProgram } from '../support/services/kubernetes-tools.ts';
import { requireProgram } from '../support/services/program.ts';
import { skipReason } from '../support/test-services.ts';

const chart = join(import.meta.dirname, '../../deploy/helm/tessera');
const schemas = join(import.meta.dirname, 'schemas');
/** The oldest that Chart.yaml takes, and the newest. */
const versions = ['1.27.0', '1.37.0'];
const stores = {
  adminSecret: 'not-to-be-guessed-2',
  databaseUrl: 'postgres://tessera@db/tessera',
  redisUrl: 'redis://redis:6379',
};
const nodes = { topology: 'nodes', secrets: stores, files: { sharedClaim: 'tessera-files' } };
const byRole = parseYaml(readFileSync(join(chart, 'ci/by-role.yaml'), 'utf8')) as Values;
const deployment = (name: string, of: Values) => ({ ...nodes, deployments: { [name]: of } });

describe('the Helm chart', { skip: skipReason('helm') }, () => {
  test('is of the version of the server', () => {
    const { appVersion } = parseYaml(readFileSync(join(chart, 'Chart.yaml'), 'utf8')) as { appVersion: string };
    assert.equal(appVersion, readVersion());
  });

  const shapes: Readonly<Record<string, Values>> = {
    'one process': {},
    'several nodes': nodes,
    'a Deployment for each role': byRole,
  };
  for (const [title, values] of Object.entries(shapes)) {
    test(`${title}: helm lint has nothing to say`, async (t) => {
      await helm(t, ['lint', chart, '--strict'], values);
    });

    test(`${title}: Kubernetes takes it`, { skip: skipReason('kubeconform') }, async (t) => {
      const directory = await temporaryDirectory(t);
      const path = join(directory, 'all.yaml');
      await writeFile(path, await template(t, values));
      for (const version of versions) await kubeconform(version, path);
    });

    test(`${title}: containers run as nobody of importance and write nowhere`, async (t) => {
      const pods = (await render(t, values)).filter(({ spec }) => spec?.template !== undefined);
      assert.ok(pods.length > 0);
      for (const { spec } of pods) {
        const pod = spec?.template?.spec;
        assert.equal(pod?.securityContext.runAsNonRoot, true);
        assert.equal(pod?.automountServiceAccountToken, false);
        const [container] = pod?.containers ?? [];
        assert.deepEqual(container?.securityContext, {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    });

    test(`${title}: every variable is a setting of the server, and no secret is in sight`, async (t) => {
      const given = await render(t, values);
      const variables = given.flatMap(({ spec }) => spec?.template?.spec.containers.flatMap(({ env }) => env) ?? []);
      for (const { name, value } of variables) {
        const option = optionInfos.find(({ env }) => env === name);
        assert.ok(option !== undefined, name);
        assert.equal(option.isSecret === true, value === undefined, name);
      }
    });
  }

  test('a pod is killed only after load balancers have heard and the process has had its time', async (t) => {
    const values = { ...nodes, preStopSeconds: 20, drainSpreadSeconds: 30, shutdownTimeoutSeconds: 40 };
    const pod = find(await render(t, values), 'Deployment', 'im-tessera-node').spec?.template?.spec;
    const [container] = pod?.containers ?? [];
    assert.deepEqual(container?.lifecycle.preStop.exec.command, ['sleep', '20']);
    assert.equal(container?.env.find(({ name }) => name === 'TESSERA_SHUTDOWN_TIMEOUT')?.value, '40s');
    assert.equal(container?.env.find(({ name }) => name === 'TESSERA_DRAIN_SPREAD')?.value, '30s');
    assert.ok((pod?.terminationGracePeriodSeconds ?? 0) > 90);
  });

  test('a data directory has one process: the next starts when the last has gone', async (t) => {
    const all = await render(t, {});
    const { spec } = find(all, 'StatefulSet', 'im-tessera');
    assert.equal(spec?.replicas, 1);
    assert.deepEqual(
      spec?.volumeClaimTemplates?.map(({ metadata }) => metadata.name),
      ['data'],
    );
    assert.deepEqual(kinds(all), ['Service', 'Service', 'Service', 'ServiceAccount', 'StatefulSet']);
  });

  test('an existing claim is used, and none is made', async (t) => {
    const { spec } = find(await render(t, { persistence: { existingClaim: 'mine' } }), 'StatefulSet', 'im-tessera');
    assert.equal(spec?.volumeClaimTemplates, undefined);
    assert.deepEqual(spec?.template?.spec.volumes.at(-1), {
      name: 'data',
      persistentVolumeClaim: { claimName: 'mine' },
    });
  });

  test('files of several nodes are where all of them reach them: on a claim, or in an S3 store', async (t) => {
    const podOf = async (values: Values, name: string) =>
      find(await render(t, values), 'Deployment', name).spec?.template?.spec;
    const onClaim = await podOf(nodes, 'im-tessera-node');
    assert.deepEqual(onClaim?.volumes.at(-1), { name: 'files', persistentVolumeClaim: { claimName: 'tessera-files' } });
    const env = new Map(onClaim?.containers[0]?.env.map(({ name, value }) => [name, value]));
    assert.deepEqual([env.get('TESSERA_FILES_DIR'), env.get('TESSERA_FILES_DIR_SHARED')], ['/files', 'true']);
    const inStore = await podOf(byRole, 'im-tessera-api');
    const names = inStore?.containers[0]?.env.map(({ name }) => name) ?? [];
    assert.ok(names.includes('TESSERA_S3_SECRET_ACCESS_KEY') && !names.includes('TESSERA_FILES_DIR'));
  });

  test('nodes roll one by one, with none missing, and go one by one', async (t) => {
    const all = await render(t, nodes);
    assert.deepEqual(find(all, 'Deployment', 'im-tessera-node').spec?.strategy, {
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
    });
    assert.equal(find(all, 'PodDisruptionBudget', 'im-tessera-node').spec?.maxUnavailable, 1);
  });

  test('each role has pods of its own, and each Service those that can answer', async (t) => {
    const all = await render(t, byRole);
    const rolesOf = (name: string) => {
      const labels = find(all, 'Deployment', name).spec?.template?.metadata.labels ?? {};
      return Object.keys(labels).filter((label) => label.startsWith('tessera/'));
    };
    assert.deepEqual(['im-tessera-api', 'im-tessera-gateway', 'im-tessera-jobs'].map(rolesOf), [
      ['tessera/api'],
      ['tessera/gateway'],
      ['tessera/jobs'],
    ]);
    for (const role of ['api', 'gateway']) {
      const selector = find(all, 'Service', `im-tessera-${role}`).spec?.selector as Record<string, string>;
      assert.equal(selector[`tessera/${role}`], 'true');
    }
  });

  test('a Deployment that grows by itself grows by connections and by CPU, and shrinks slowly', async (t) => {
    const all = await render(t, byRole);
    const metricsOf = (name: string) =>
      find(all, 'HorizontalPodAutoscaler', name).spec?.metrics?.map(({ type }) => type);
    assert.deepEqual(metricsOf('im-tessera-gateway'), ['Resource', 'Pods']);
    assert.deepEqual(metricsOf('im-tessera-api'), ['Resource']);
    assert.equal(find(all, 'Deployment', 'im-tessera-gateway').spec?.replicas, undefined);
    assert.equal(find(all, 'Deployment', 'im-tessera-jobs').spec?.replicas, 2);
    assert.deepEqual(podMetrics(all), ['tessera_gateway_connections']);
    assert.ok(createMetrics().registry.getSingleMetric('tessera_gateway_connections') !== undefined);
  });

  test('the ingress gives sockets to the gateway and all else to the API', async (t) => {
    const { spec } = find(await render(t, byRole), 'Ingress', 'im-tessera');
    const paths = (spec?.rules as IngressRule[] | undefined)?.[0]?.http.paths.map(({ path, backend }) => [
      path,
      backend.service.name,
    ]);
    assert.deepEqual(paths, [
      ['/msg_gateway', 'im-tessera-gateway'],
      ['/', 'im-tessera-api'],
    ]);
  });

  test('the rules are those of deploy/prometheus', async (t) => {
    const { spec } = find(await render(t, byRole), 'PrometheusRule', 'im-tessera');
    const rules = readFileSync(join(chart, '../../prometheus/alerts.yml'), 'utf8');
    assert.deepEqual(spec?.groups, (parseYaml(rules) as { groups: unknown }).groups);
  });

  test('another secret starts the pods anew', async (t) => {
    const sumOf = async (adminSecret: string) => {
      const all = await render(t, { ...nodes, secrets: { ...stores, adminSecret } });
      return find(all, 'Deployment', 'im-tessera-node').spec?.template?.metadata.annotations?.['checksum/secrets'];
    };
    assert.notEqual(await sumOf('not-to-be-guessed-2'), await sumOf('not-to-be-guessed-3'));
  });

  test('no secret of the server may stand among the settings', () => {
    const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8'));
    const banned = schema.properties.settings.propertyNames.not.enum;
    for (const { env, isSecret } of optionInfos) if (isSecret === true) assert.ok(banned.includes(env), env);
  });

  const refused: readonly (readonly [string, Values, RegExp])[] = [
    ['nodes without a database', { topology: 'nodes', secrets: { ...stores, databaseUrl: '' } }, /needs database-url/],
    ['nodes without Redis', { topology: 'nodes', secrets: { ...stores, redisUrl: '' } }, /needs redis-url/],
    [
      'nodes without a common secret',
      { topology: 'nodes', secrets: { ...stores, adminSecret: '' } },
      /needs admin-secret/,
    ],
    ['nodes with files that the others do not reach', { ...nodes, files: {} }, /needs a store of files/],
    ['nobody who does the jobs', deployment('node', { roles: ['api', 'gateway'] }), /none has the role jobs/],
    ['a role that there is not', deployment('node', { roles: ['queue'] }), /roles/],
    ['a secret in two places', { secrets: { existingSecret: 'mine', adminSecret: 'abcdefgh' } }, /is to hold it/],
    ['a secret among the settings', { settings: { TESSERA_SECRET: 'abcdefgh' } }, /TESSERA_SECRET/],
    ['an ingress for no host', { ingress: { enabled: true } }, /hosts/],
    ['a monitor without a token', { serviceMonitor: { enabled: true } }, /pagesToken/],
    ['what no value is called', { replicaCount: 3 }, /replicaCount/],
  ];
  for (const [title, values, message] of refused) {
    test(`refuses ${title}`, async (t) => {
      await assert.rejects(render(t, values), ({ stderr }: { stderr: string }) => message.test(stderr));
    });
  }
});

type Values = Readonly<Record<string, unknown>>;

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly securityContext: unknown;
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
}

interface IngressRule {
  readonly http: {
    readonly paths: readonly {
      readonly path: string;
      readonly backend: { readonly service: { readonly name: string } };
    }[];
  };
}

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: Readonly<Record<string, unknown>> & {
    readonly template?: {
      readonly metadata: {
        readonly labels: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
      };
      readonly spec: {
        readonly containers: readonly Container[];
        readonly securityContext: { readonly runAsNonRoot: boolean };
        readonly automountServiceAccountToken: boolean;
        readonly terminationGracePeriodSeconds: number;
        readonly volumes: readonly unknown[];
      };
    };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
    readonly metrics?: readonly {
      readonly type: string;
      readonly pods?: { readonly metric: { readonly name: string } };
    }[];
  };
}

async function render(t: TestContext, values: Values): Promise<readonly Resource[]> {
  const text = await template(t, values);
  return parseAllDocuments(text).flatMap((document) => (document.toJS() as Resource | null) ?? []);
}

/** By values: each is rendered once. */
const templates = new Map<string, Promise<string>>();

function template(t: TestContext, values: Values): Promise<string> {
  const key = JSON.stringify(values);
  const known = templates.get(key) ?? helm(t, ['template', 'im', chart], values);
  templates.set(key, known);
  return known;
}

async function helm(t: TestContext, args: readonly string[], values: Values): Promise<string> {
  const path = join(await temporaryDirectory(t), 'values.json');
  await writeFile(path, JSON.stringify(values));
  const { stdout } = await promisify(execFile)(requireProgram(helmProgram), [...args, '--values', path]);
  return stdout;
}

async function kubeconform(version: string, path: string): Promise<void> {
  const places = [`v${version}`, 'operator'].flatMap((directory) => [
    '-schema-location',
    join(schemas, directory, '{{.ResourceKind}}{{.KindSuffix}}.json'),
  ]);
  const args = ['-strict', '-output', 'text', '-kubernetes-version', version, ...places, path];
  await promisify(execFile)(requireProgram(kubeconformProgram), args);
}

function find(all: readonly Resource[], kind: string, name: string): Resource {
  const found = all.find((each) => each.kind === kind && each.metadata.name === name);
  assert.ok(found !== undefined, `${kind} ${name} is there`);
  return found;
}

function kinds(all: readonly Resource[]): string[] {
  return all.map(({ kind }) => kind).toSorted();
}

function podMetrics(all: readonly Resource[]): string[] {
  return all.flatMap(({ spec }) => spec?.metrics?.flatMap(({ pods }) => pods?.metric.name ?? []) ?? []);
}

async function temporaryDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tessera-helm-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}
