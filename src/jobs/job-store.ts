/** What is known of the last run of each job: in a durable store, so that a process that starts knows what was missed. */
import type { Transaction } from '../kernel/unit-of-work.ts';

export interface JobRecord {
  readonly name: string;
  /** Of the last run, or of the one under way; Unix ms. 0: it never ran. */
  readonly startedAt: number;
  /** Unix ms; 0: it is under way, or its process has died. */
  readonly endedAt: number;
  readonly outcome: 'running' | 'done' | 'failed' | '';
  /** What kind of failure it was: the log has the rest. Empty: none. */
  readonly failure: string;
  /** In a row. */
  readonly failures: number;
  /** What it dealt with, in its own units. */
  readonly done: number;
  /** Which process. */
  readonly holder: string;
  /** Unix ms; 0: nobody has asked for a run beside the schedule. */
  readonly requestedAt: number;
}

export interface JobEnd extends Pick<JobRecord, 'endedAt' | 'failure' | 'done'> {
  readonly outcome: 'done' | 'failed';
}

export interface JobStore {
  /** Of those that ever ran or were asked for, in no order. */
  list(): Promise<readonly JobRecord[]>;
  /** As the transaction sees it. */
  find(tx: Transaction, name: string): Promise<JobRecord | undefined>;
  /** A run begins, and answers what was asked for. */
  begin(tx: Transaction, name: string, startedAt: number, holder: string): Promise<void>;
  progress(tx: Transaction, name: string, done: number): Promise<void>;
  end(tx: Transaction, name: string, end: JobEnd): Promise<void>;
  /** Some process is to run it soon. */
  request(tx: Transaction, name: string, at: number): Promise<void>;
}
