/** Whether the receiver of webhooks can be reached: it is asked with a command that no receiver knows. */
import { readWebhooksFile } from '../../app/webhooks-file.ts';
import { WebhookClient, WebhookFailure } from '../../webhooks/webhook-client.ts';
import { advice, type Finding, ok, problem } from './finding.ts';

interface WebhookUse {
  readonly webhooksFile: string;
  readonly webhooksSecret: string;
}

export async function checkWebhooks({ webhooksFile, webhooksSecret }: WebhookUse): Promise<Finding[]> {
  if (webhooksFile === '') return [];
  try {
    const unknown: unknown[] = [];
    const { url, hooks } = await readWebhooksFile(webhooksFile, { warn: (found: unknown) => void unknown.push(found) });
    if (hooks.size === 0) return [advice(subject, 'no hook of the file is on', 'set enable: true where it is meant')];
    const unreached = await reach(url, webhooksSecret);
    return [
      unreached === undefined
        ? ok(subject, `the receiver answers, and ${hooks.size} hooks are on`)
        : problem(subject, `the receiver cannot be reached: ${unreached}`, 'check the url of TESSERA_WEBHOOKS_FILE'),
      ...(unknown.length === 0
        ? []
        : [advice(subject, 'some hooks of the file do not exist here', 'the log names them')]),
    ];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [problem(subject, reason, 'mend the file')];
  }
}

const subject = 'webhooks';

/** Any answer will do. @returns why there is none */
async function reach(url: string, secret: string): Promise<string | undefined> {
  const client = new WebhookClient({ url, secret, now: Date.now, maxReplyBytes: 1024 * 1024 });
  const command = 'callbackTesseraProbeCommand';
  const body = JSON.stringify({ callbackCommand: command });
  try {
    await client.send({ command, operationID: 'doctor', id: 'doctor', body, timeoutMs: 5000 });
    return undefined;
  } catch (error) {
    if (!(error instanceof WebhookFailure)) throw error;
    return error.kind === 'invalid' ? undefined : error.message;
  } finally {
    client.close();
  }
}
