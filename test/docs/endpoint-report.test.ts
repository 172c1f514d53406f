/** The endpoints of people, groups, messages and conversations, and the pages of their rules: nothing is missing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointReport } from '../../scripts/endpoint-report.ts';

const { endpoints, sections } = endpointReport();

test('every endpoint is there, in OpenAPI, and with scenarios that are allowed, denied and malformed', () => {
  assert.ok(endpoints.length > 70, 'all areas');
  assert.deepEqual(
    endpoints.filter(({ faults }) => faults.length > 0),
    [],
  );
});

test('every rule, code and Known defect of their sections has a test that exists', () => {
  assert.ok(sections.length > 30, 'all sections');
  assert.deepEqual(
    sections.filter(({ faults }) => faults.length > 0),
    [],
  );
});
