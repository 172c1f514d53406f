/** Protocol: rest-core.md 8. */
import { Wire } from '../../../../protocol/wire/wire-schema.ts';
import { endpoint } from '../../../endpoint.ts';

export default endpoint({
  path: '/third/logs/upload',
  summary: 'Tells where a client has put its log, which it has uploaded before',
  description: "The caller's oldest ones make room for new ones.",
  access: 'anyone',
  required: ['platform', 'fileURLs'],
  example: {
    platform: 1,
    fileURLs: [{ filename: 'sdk.zip', URL: 'https://im.example.com/object/alice/sdk.zip' }],
    version: '3.8.3',
  },
  request: Wire.object({
    platform: Wire.int32({ description: 'platformID' }),
    fileURLs: Wire.list(Wire.object({ filename: Wire.string(), URL: Wire.string() }, { title: 'ClientLogFile' })),
    appFramework: Wire.string(),
    version: Wire.string({ description: 'of the SDK or application' }),
    ex: Wire.string(),
  }),
  handle: (call, { platform, fileURLs, ...texts }, { clientLogs }) => {
    const files = fileURLs.map(({ filename, URL: url }) => ({ filename, url }));
    return clientLogs.upload(call, { ...texts, files, platformID: platform });
  },
});
