import { Wire } from '../../../protocol/wire/wire-schema.ts';
import { endpoint, self } from '../../endpoint.ts';

export default endpoint({
  path: '/msg/newest_seq',
  summary: "Newest seq of each of a user's conversations",
  access: self('userID'),
  required: ['userID'],
  example: { userID: 'alice' },
  request: Wire.object({ userID: Wire.id() }),
  response: Wire.object({ maxSeqs: Wire.map(Wire.int64()), minSeqs: Wire.map(Wire.int64()) }),
  handle: (call, body, { history }) => history.newestSeqs(call, body.userID),
});
