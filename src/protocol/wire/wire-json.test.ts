/** Requests and responses as JSON: parsing bodies, decoding requests, encoding responses, and what links them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProtocolError } from '../errors.ts';
import { compileRequestDecoder, compileResponseEncoder, compileResponsePieces, parseJsonBody } from './wire-json.ts';
import { Wire, type WireRequest, type WireResponse, type WireSchema } from './wire-schema.ts';

const parse = (text: string): unknown => parseJsonBody(Buffer.from(text));

function refuses(act: () => unknown, detail: string): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof ProtocolError, String(error));
    assert.deepEqual([error.code, error.detail], [1001, detail]);
    return true;
  });
}

describe('bodies', () => {
  test('valid JSON of any kind', () => {
    const texts = ['{"a":[1,-2.5,true,null,"x\\u0041"]}', 'null', '0', '"x"', ' [] ', '{"a":"0123456789012345678"}'];
    for (const text of texts) assert.deepEqual(parse(text), JSON.parse(text), text);
  });

  const invalid: [name: string, text: string][] = [
    ['cut off', '{"a":1'],
    ['trailing comma', '{"a":1,}'],
    ['single quotes', "{'a':1}"],
    ['two values', '{} {}'],
    ['a byte-order mark', '\ufeff{}'],
    ['NaN', '{"a":NaN}'],
    ['a leading zero', '{"a":01}'],
    ['a long number that is cut off', '{"a":12345678901234567890'],
    ['brackets that do not match', '[}'],
  ];
  for (const [name, text] of invalid) {
    test(`O1: ${name} is refused, and the answer does not quote it`, () => {
      refuses(() => parse(text), 'body is not valid JSON');
    });
  }

  test('O1: an empty body is refused', () => refuses(() => parse(''), 'body is empty'));

  test('O1: nesting is limited, brackets in text do not count', () => {
    const nested = (depth: number): string => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`;
    assert.deepEqual(parse(nested(256)), JSON.parse(nested(256)));
    refuses(() => parse(nested(258)), 'body is nested too deeply');
    refuses(() => parseJsonBody(Buffer.alloc(5_000_000, '[')), 'body is nested too deeply');
  });

  test('O1 as many values as any request needs, and not one more', () => {
    const listOf = (count: number) => Buffer.from(`["${',['.repeat(300_000)}"${',1'.repeat(count - 1)}]`);
    assert.equal((parseJsonBody(listOf(200_000)) as unknown[]).length, 200_000);
    refuses(() => parseJsonBody(listOf(200_001)), 'body holds more than 200000 values');
    assert.equal(parse(JSON.stringify('[\\"{'.repeat(1000))), '[\\"{'.repeat(1000));
  });

  for (const key of ['__proto__', '\\u005f_proto__', '__\\u0070roto__']) {
    test(`O1: the key ${key} is dropped wherever it stands`, () => {
      const value = parse(`{"a":{"${key}":{"isAdmin":true},"b":1},"${key}":{"isAdmin":true}}`);
      assert.deepEqual(Object.getOwnPropertyNames(value), ['a']);
      assert.deepEqual(JSON.stringify(value), '{"a":{"b":1}}');
      assert.equal('isAdmin' in Object.assign({}, value), false);
    });
  }

  test('integers beyond 2^53 come back as they came', () => {
    const text = '{"a":9007199254740993,"b":[-12345678901234567890],"c":1.5,"d":1e+300}';
    assert.equal(JSON.stringify(parse(text)), text);
  });
});

describe('requests: scalars', () => {
  type Row = [schema: WireSchema, json: string, decoded: unknown];
  const accepted: Row[] = [
    [Wire.string(), '"a"', 'a'],
    [Wire.string(), '""', ''],
    [Wire.string(), '"\\ud800"', '\ud800'],
    [Wire.int32(), '2147483647', 2147483647],
    [Wire.int32(), '-2147483648', -2147483648],
    [Wire.int32(), '-0', 0],
    [Wire.uint32(), '4294967295', 4294967295],
    [Wire.int64(), '9007199254740991', 9007199254740991],
    [Wire.int64(), '-62135596800000', -62135596800000],
    [Wire.uint64(), '9007199254740991', 9007199254740991],
    [Wire.hash64(), '18446744073709551615', 18446744073709551615n],
    [Wire.hash64(), '9007199254740993', 9007199254740993n],
    [Wire.hash64(), '7', 7n],
    [Wire.float(), '1.5', 1.5],
    [Wire.float(), '12345678901234567890', 12345678901234567000],
    [Wire.float(), '-1e-7', -1e-7],
    [Wire.bool(), 'true', true],
    [Wire.bool(), 'false', false],
    [Wire.bytes(), '"CgJ1MQ=="', Buffer.from('0a027531', 'hex')],
    [Wire.bytes(), '""', Buffer.alloc(0)],
    [Wire.stringValue(), '""', ''],
    [Wire.int32Value(), '0', 0],
    [Wire.uint32Value(), '5', 5],
    [Wire.int64Value(), '5', 5],
    [Wire.uint64Value(), '5', 5],
    [Wire.floatValue(), '0.5', 0.5],
    [Wire.boolValue(), 'false', false],
    [Wire.boolValue(), '0', false],
    [Wire.boolValue(), '1', true],
    [Wire.bytesValue(), '"AA=="', Buffer.from([0])],
    [Wire.any(), '{"a":[1]}', { a: [1] }],
    [Wire.json(), '[1]', [1]],
    [Wire.json(), '0', 0],
  ];
  for (const [schema, json, decoded] of accepted) {
    test(`${nameOf(schema)} accepts ${json}`, () => assert.deepEqual(decodeField(schema, json), decoded));
  }

  const zero: [schema: WireSchema, zero: unknown][] = [
    [Wire.string(), ''],
    [Wire.int32(), 0],
    [Wire.uint32(), 0],
    [Wire.int64(), 0],
    [Wire.uint64(), 0],
    [Wire.hash64(), 0n],
    [Wire.float(), 0],
    [Wire.bool(), false],
    [Wire.bytes(), Buffer.alloc(0)],
    [Wire.list(Wire.string()), []],
    [Wire.map(Wire.string()), new Map()],
    [Wire.object({ a: Wire.int32() }), { a: 0 }],
    [Wire.nullable(Wire.object({ a: Wire.int32() })), null],
    [Wire.any(), null],
    [Wire.json(), null],
    [Wire.stringValue(), null],
    [Wire.int32Value(), null],
    [Wire.boolValue(), null],
    [Wire.bytesValue(), null],
  ];
  for (const [schema, expected] of zero) {
    test(`${nameOf(schema)} is ${show(expected)} when null or absent`, () => {
      assert.deepEqual(decodeField(schema, 'null'), expected);
      assert.deepEqual(compileRequestDecoder(Wire.object({ x: schema }))({}).x, expected);
    });
  }

  const refused: [schema: WireSchema, jsons: string[], complaint: string][] = [
    [Wire.string(), ['1', 'true', '[]', '{}', '12345678901234567890'], 'x must be a string'],
    [Wire.int32(), ['"1"', '1.5', 'true', '[1]', '{}'], 'x must be an integer'],
    [Wire.int32(), ['2147483648', '-2147483649', '1e300', '12345678901234567890'], 'x is out of range'],
    [Wire.uint32(), ['-1', '4294967296'], 'x is out of range'],
    [Wire.int64(), ['9007199254740992', '9223372036854775808', '-9007199254740993'], 'x is out of range'],
    [Wire.int64(), ['"5"', '0.1'], 'x must be an integer'],
    [Wire.uint64(), ['-1', '18446744073709551616'], 'x is out of range'],
    [Wire.hash64(), ['-1', '18446744073709551616'], 'x is out of range'],
    [Wire.hash64(), ['"1"', '1.5', '{}', 'false'], 'x must be an integer'],
    [Wire.float(), ['"1"', 'true', '1e999'], 'x must be a number'],
    [Wire.bool(), ['0', '1', '"true"', '{}'], 'x must be a boolean'],
    [
      Wire.bytes(),
      ['"CgJ1MQ"', '"-AAA"', '"_AAA"', '"A"', '"!!!!"', '"A==="', '"===="', '" AAA"', '5', '[1]'],
      'x must be a base64 string',
    ],
    [Wire.boolValue(), ['2', '-1', '"1"'], 'x must be a boolean'],
    [Wire.int64Value(), ['"5"', '{"value":5}'], 'x must be an integer'],
    [Wire.stringValue(), ['{"value":"a"}', '0'], 'x must be a string'],
    [Wire.list(Wire.string()), ['{}', '"a"', '0'], 'x must be a list'],
    [Wire.list(Wire.string()), ['["a",1]'], 'x[1] must be a string'],
    [Wire.list(Wire.object({})), ['[{},null]'], 'x[1] must be an object'],
    [Wire.map(Wire.bool()), ['[]', '"a"'], 'x must be an object'],
    [Wire.map(Wire.bool()), ['{"SECRET":1}'], 'x.* must be a boolean'],
    [Wire.object({ a: Wire.int32() }), ['[]', '""', '1'], 'x must be an object'],
    [Wire.nullable(Wire.object({ a: Wire.int32() })), ['{"a":"1"}'], 'x.a must be an integer'],
    [Wire.any(), ['[]', '"a"', '1', '12345678901234567890'], 'x must be an object'],
  ];
  for (const [schema, jsons, complaint] of refused) {
    for (const json of jsons) {
      test(`O1: ${nameOf(schema)} refuses ${json}: ${complaint}`, () =>
        refuses(() => decodeField(schema, json), complaint));
    }
  }
});

describe('requests: objects', () => {
  const user = Wire.object({ userID: Wire.string(), level: Wire.int32() });

  test('keys match in any case, an exact match beats the others, unknown ones are ignored', () => {
    const decode = compileRequestDecoder(user);
    assert.deepEqual(decode(parse('{"USERID":"a","Level":2}')), { userID: 'a', level: 2 });
    assert.deepEqual(decode(parse('{"userID":"a","USERID":"b"}')), { userID: 'a', level: 0 });
    assert.deepEqual(decode(parse('{"USERID":"b","userID":"a"}')), { userID: 'a', level: 0 });
    assert.deepEqual(decode(parse('{"userID":null,"USERID":"b"}')), { userID: '', level: 0 });
    assert.deepEqual(decode(parse('{"userID":"a","userID":"b"}')), { userID: 'b', level: 0 });
    assert.deepEqual(decode(parse('{"userid":"a","UserID":"b"}')), { userID: 'b', level: 0 });
    assert.deepEqual(decode(parse('{"nickname":{"a":[]},"toString":1,"constructor":2}')), { userID: '', level: 0 });
  });

  test('two fields that differ in case alone are both reachable; other spellings mean the first', () => {
    const decode = compileRequestDecoder(Wire.object({ value: Wire.string(), Value: Wire.string() }));
    assert.deepEqual(decode(parse('{"Value":"b","value":"a"}')), { value: 'a', Value: 'b' });
    assert.deepEqual(decode(parse('{"VALUE":"c"}')), { value: 'c', Value: '' });
  });

  test('a body that is null is an empty object; any other non-object is refused', () => {
    assert.deepEqual(compileRequestDecoder(user)(parse('null')), { userID: '', level: 0 });
    for (const text of ['[]', '1', '"a"', 'true']) {
      refuses(() => compileRequestDecoder(user)(parse(text)), 'body must be an object');
    }
  });

  test('names that objects inherit are fields like any other', () => {
    const decode = compileRequestDecoder(Wire.object({ toString: Wire.string(), constructor: Wire.int32() }));
    assert.deepEqual({ ...decode(parse('{}')) }, { toString: '', constructor: 0 });
    assert.deepEqual({ ...decode(parse('{"constructor":1}')) }, { toString: '', constructor: 1 });
  });

  test('a detail leads to the bad key', () => {
    const decode = compileRequestDecoder(Wire.object({ users: Wire.list(user), deep: Wire.map(Wire.list(user)) }));
    refuses(() => decode(parse('{"users":[{},{},{"level":"x"}]}')), 'users[2].level must be an integer');
    refuses(() => decode(parse('{"users":[{},7]}')), 'users[1] must be an object');
    refuses(() => decode(parse('{"deep":{"k":[{"USERid":0}]}}')), 'deep.*[0].userID must be a string');
    assert.deepEqual(decode(parse('{"users":[{}]}')).users, [{ userID: '', level: 0 }]);
  });

  test('O1: map keys are never properties', () => {
    const decode = compileRequestDecoder(Wire.object({ configs: Wire.map(Wire.string()) }));
    const { configs } = decode(parse('{"configs":{"toString":"a","constructor":"b"}}'));
    assert.deepEqual(
      [...configs],
      [
        ['toString', 'a'],
        ['constructor', 'b'],
      ],
    );
  });
});

describe('responses', () => {
  const conversation = Wire.object({ conversationID: Wire.string(), isPinned: Wire.bool(), minSeq: Wire.int64() });
  const everything = Wire.object({
    text: Wire.string(),
    count: Wire.int32(),
    hash: Wire.hash64(),
    rate: Wire.float(),
    isOn: Wire.bool(),
    raw: Wire.bytes(),
    names: Wire.list(Wire.string()),
    seqs: Wire.map(Wire.int64()),
    conversation: Wire.nullable(conversation),
    nickname: Wire.stringValue(),
    content: Wire.any(),
    last: Wire.bool(),
  });

  test('unset values: zero for scalars, null for lists and messages, no key for maps', () => {
    const encode = compileResponseEncoder(everything);
    assert.equal(
      encode({} as WireResponse<typeof everything>),
      '{"text":"","count":0,"hash":0,"rate":0,"isOn":false,"raw":null,"names":null,"conversation":null,"nickname":null,"content":null,"last":false}',
    );
  });

  test('zero values are written; empty lists are null, empty maps are left out', () => {
    const encode = compileResponseEncoder(everything);
    assert.equal(
      encode({
        text: '',
        count: 0,
        hash: 0n,
        rate: 0,
        isOn: false,
        raw: new Uint8Array(0),
        names: [],
        seqs: new Map(),
        conversation: { conversationID: '', isPinned: false, minSeq: 0 },
        nickname: '',
        content: {},
        last: false,
      }),
      '{"text":"","count":0,"hash":0,"rate":0,"isOn":false,"raw":"","names":null,"conversation":{"conversationID":"","isPinned":false,"minSeq":0},"nickname":"","content":{},"last":false}',
    );
  });

  test('set values', () => {
    const encode = compileResponseEncoder(everything);
    assert.equal(
      encode({
        text: 'a"\u2028\n😀',
        count: -1,
        hash: 18446744073709551615n,
        rate: 0.5,
        isOn: true,
        raw: new Uint8Array([9, 1, 2]).subarray(1),
        names: ['b', ''],
        seqs: new Map([['si_a_b', 5]]),
        conversation: { conversationID: 'si_a_b', isPinned: true, minSeq: -62135596800000 },
        nickname: 'n',
        content: { b: 1, a: [null] },
        last: true,
      }),
      '{"text":"a\\"\u2028\\n😀","count":-1,"hash":18446744073709551615,"rate":0.5,"isOn":true,"raw":"AQI=","names":["b",""],"seqs":{"si_a_b":5},"conversation":{"conversationID":"si_a_b","isPinned":true,"minSeq":-62135596800000},"nickname":"n","content":{"b":1,"a":[null]},"last":true}',
    );
  });

  test('only declared fields are written, in the order of the schema', () => {
    const record = { ownerUserID: 'u1', minSeq: 3, password: 'SECRET', isPinned: false, conversationID: 'c' };
    assert.equal(compileResponseEncoder(conversation)(record), '{"conversationID":"c","isPinned":false,"minSeq":3}');
  });

  test('a map in first place leaves no stray comma', () => {
    const encode = compileResponseEncoder(Wire.object({ seqs: Wire.map(Wire.bool()), end: Wire.bool() }));
    assert.equal(encode({ seqs: new Map(), end: true }), '{"end":true}');
    assert.equal(encode({ seqs: new Map([['"', false]]), end: true }), '{"seqs":{"\\"":false},"end":true}');
    assert.equal(compileResponseEncoder(Wire.object({ seqs: Wire.map(Wire.bool()) }))({}), '{}');
  });

  test('a response with long lists or maps comes in pieces that are the same text, any other does not', () => {
    const schema = Wire.object({
      total: Wire.int32(),
      rows: Wire.list(Wire.object({ id: Wire.id() })),
      seqs: Wire.map(Wire.bool()),
      names: Wire.list(Wire.string()),
    });
    const [whole, inPieces] = [compileResponseEncoder(schema), compileResponsePieces(schema)];
    const rows = Array.from({ length: 1001 }, (_, index) => ({ id: `${index}"` }));
    const names = rows.map(({ id }) => id);
    for (const response of [
      { total: 5, rows, names },
      { total: 5, rows, names: [], seqs: new Map([['a', true]]) },
      { total: 5, rows: [], names },
      { total: 5, rows, names: null as unknown as string[] },
      { total: 5, rows: [], names: [], seqs: new Map(names.map((name) => [name, true])) },
      { total: 5, rows: [], names, seqs: new Map(names.map((name) => [name, true])) },
    ]) {
      assert.equal([...(inPieces(response) ?? [])].join(''), whole(response));
    }
    assert.equal(inPieces({ total: 5, rows: rows.slice(1), names: [] }), undefined);
    assert.equal(compileResponsePieces(Wire.string())('x'), undefined);
    const mapAlone = Wire.object({ seqs: Wire.map(Wire.bool()) });
    const long = { seqs: new Map(names.map((name) => [name, true])) };
    assert.equal([...(compileResponsePieces(mapAlone)(long) ?? [])].join(''), compileResponseEncoder(mapAlone)(long));
  });

  test('a bare list or text can be a whole answer', () => {
    assert.equal(compileResponseEncoder(Wire.list(Wire.int32()))([1, 2]), '[1,2]');
    assert.equal(compileResponseEncoder(Wire.list(Wire.int32()))([]), 'null');
    assert.equal(compileResponseEncoder(Wire.string())('{}'), '"{}"');
  });

  test('a message with the fields of a generated one is written as it is', () => {
    const msgData = Wire.object({
      sendID: Wire.string(),
      content: Wire.bytes(),
      seq: Wire.int64(),
      options: Wire.map(Wire.bool()),
      offlinePushInfo: Wire.nullable(Wire.object({ title: Wire.string() })),
      atUserIDList: Wire.list(Wire.string()),
    });
    const msg = {
      sendID: 'u1',
      content: new Uint8Array([0x7b, 0x7d]),
      seq: 0,
      options: new Map([['history', false]]),
      offlinePushInfo: undefined,
      atUserIDList: [],
    };
    assert.equal(
      compileResponseEncoder(msgData)(msg),
      '{"sendID":"u1","content":"e30=","seq":0,"options":{"history":false},"offlinePushInfo":null,"atUserIDList":null}',
    );
  });

  test("a value of the wrong type is the handler's fault and never reaches the wire", () => {
    const wrong: [WireSchema, unknown][] = [
      [Wire.string(), 1],
      [Wire.int32(), 2 ** 31],
      [Wire.int32(), '1'],
      [Wire.int64(), 1.5],
      [Wire.int64(), Number.NaN],
      [Wire.uint32(), -1],
      [Wire.hash64(), 1],
      [Wire.float(), Number.POSITIVE_INFINITY],
      [Wire.bool(), 0],
      [Wire.bytes(), 'e30='],
      [Wire.list(Wire.string()), 'abc'],
      [Wire.map(Wire.string()), { a: 'b' }],
      [Wire.object({}), 'abc'],
    ];
    for (const [schema, value] of wrong) {
      assert.throws(() => compileResponseEncoder(Wire.object({ x: schema }))({ x: value }), TypeError, nameOf(schema));
    }
  });
});

describe('encoding and decoding are each other’s inverse', () => {
  test('for 100 random schemas, each with a random value', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = new Random(seed);
      const schema = randomObject(random, 3);
      const decode = compileRequestDecoder(schema);
      const encode = compileResponseEncoder(schema);
      const value = randomValue(random, schema);

      const text = encode(value);
      const decoded = decode(parse(text));
      assert.deepEqual(decoded, value, `seed ${seed}`);
      assert.equal(encode(decoded), text, `seed ${seed}`);
      assert.deepEqual(decode(parse(upperCaseKeys(text))), value, `seed ${seed}: keys in another case`);
    }
  });
});

describe('schemas', () => {
  test('a schema prints as plain JSON Schema', () => {
    const schema = Wire.object(
      {
        userID: Wire.string({ description: 'Who' }),
        tags: Wire.list(Wire.int32()),
        flags: Wire.map(Wire.bool()),
        peer: Wire.nullable(Wire.object({})),
        ex: Wire.stringValue(),
      },
      { title: 'Thing' },
    );
    const int32 = { type: 'integer', format: 'int32', minimum: -2147483648, maximum: 2147483647 };
    assert.deepEqual(JSON.parse(JSON.stringify(schema)), {
      type: 'object',
      title: 'Thing',
      properties: {
        userID: { type: 'string', description: 'Who' },
        tags: { type: ['array', 'null'], items: int32 },
        flags: { type: ['object', 'null'], additionalProperties: { type: 'boolean' } },
        peer: { anyOf: [{ type: 'object', properties: {} }, { type: 'null' }] },
        ex: { type: ['string', 'null'] },
      },
    });
    assert.deepEqual(Object.keys(schema).sort(), ['properties', 'title', 'type']);
  });

  test('static types follow the wire', () => {
    const schema = Wire.object({
      id: Wire.string(),
      raw: Wire.bytes(),
      names: Wire.list(Wire.string()),
      seqs: Wire.map(Wire.int64()),
      peer: Wire.nullable(Wire.object({ hash: Wire.hash64() })),
      ex: Wire.stringValue(),
    });
    const request: WireRequest<typeof schema> = compileRequestDecoder(schema)({ id: 'a' });
    const typed: {
      id: string;
      raw: Buffer;
      names: string[];
      seqs: Map<string, number>;
      peer: { hash: bigint } | null;
      ex: string | null;
    } = request;
    const response: WireResponse<typeof schema> = { id: typed.id, raw: null, names: ['a'] as readonly string[] };
    // @ts-expect-error a scalar may not be forgotten
    const forgotten: WireResponse<typeof schema> = { raw: null, names: [] };
    // @ts-expect-error nor have another type
    const mistyped: WireResponse<typeof schema> = { id: 1, raw: null, names: [] };
    assert.equal(compileResponseEncoder(schema)(response), '{"id":"a","raw":null,"names":["a"],"peer":null,"ex":null}');
    assert.ok(compileResponseEncoder(schema)(forgotten).startsWith('{"id":""'));
    assert.throws(() => compileResponseEncoder(schema)(mistyped), TypeError);
  });
});

function decodeField(schema: WireSchema, json: string): unknown {
  return compileRequestDecoder(Wire.object({ x: schema }))(parse(`{"x":${json}}`)).x;
}

function nameOf(schema: WireSchema): string {
  const kind = schema['~wire'];
  return 'scalar' in kind ? `${kind.kind} ${kind.scalar}` : kind.kind;
}

function show(value: unknown): string {
  if (value instanceof Map) return 'an empty Map';
  return Buffer.isBuffer(value) ? 'no bytes' : typeof value === 'bigint' ? `${value}n` : JSON.stringify(value);
}

/** Keys of objects only: no value of the generator contains a quote followed by a colon. */
function upperCaseKeys(text: string): string {
  return text.replace(/"field(\d+)":/g, '"FIELD$1":');
}

/** A linear congruential generator: the same seed gives the same schema and value. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

function randomObject(random: Random, depth: number): WireSchema {
  const fields = Array.from({ length: random.below(6) }, (_, i) => [`field${i}`, randomSchema(random, depth)] as const);
  return Wire.object(Object.fromEntries(fields));
}

function randomSchema(random: Random, depth: number): WireSchema {
  const leaves = [
    ...[Wire.string, Wire.int32, Wire.uint32, Wire.int64, Wire.uint64, Wire.hash64, Wire.float, Wire.bool, Wire.bytes],
    ...[Wire.stringValue, Wire.int32Value, Wire.uint32Value, Wire.int64Value, Wire.uint64Value, Wire.floatValue],
    ...[Wire.boolValue, Wire.bytesValue, Wire.any, Wire.json],
  ];
  const leaf = random.pick(leaves)();
  if (depth === 0) return leaf;
  return random.pick([
    () => leaf,
    () => leaf,
    () => randomObject(random, depth - 1),
    () => Wire.nullable(randomObject(random, depth - 1)),
    () => Wire.list(randomSchema(random, depth - 1)),
    () => Wire.map(randomSchema(random, depth - 1)),
  ])();
}

function randomValue(random: Random, schema: WireSchema): unknown {
  const kind = schema['~wire'];
  const several = <T>(make: () => T): T[] => Array.from({ length: random.below(4) }, make);
  switch (kind.kind) {
    case 'scalar':
      return randomScalar(random, kind.scalar);
    case 'wrapper':
      return random.pick([null, randomScalar(random, kind.scalar)]);
    case 'object':
      return Object.fromEntries(Object.entries(kind.fields).map(([name, field]) => [name, randomValue(random, field)]));
    case 'nullable':
      return random.pick([null, randomValue(random, kind.of)]);
    case 'list':
      return several(() => randomValue(random, kind.of));
    case 'map':
      return new Map(several(() => [randomText(random), randomValue(random, kind.of)] as const));
    case 'any':
      return random.pick([null, { a: random.below(9), b: [randomText(random)] }]);
  }
}

function randomScalar(random: Random, scalar: string): unknown {
  switch (scalar) {
    case 'string':
      return randomText(random);
    case 'bool':
      return random.pick([true, false]);
    case 'bytes':
      return Buffer.from(Array.from({ length: random.below(7) }, () => random.below(256)));
    case 'float':
      return random.pick([0, 0.1, -1e-9, 1e21, random.below(1e9) / 7]);
    case 'hash64':
      return (BigInt(random.below(2 ** 32)) << BigInt(random.below(33))) + BigInt(random.below(2));
    case 'int32':
      return random.pick([0, 1, -1, 2 ** 31 - 1, -(2 ** 31), random.below(2 ** 31)]);
    case 'int64':
      return random.pick([0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, random.below(2 ** 53)]);
    default:
      return random.pick([0, 1, 2 ** 32 - 1, random.below(2 ** 32)]);
  }
}

function randomText(random: Random): string {
  const pieces = ['', 'a', '"', '\\', '\n', '\u0001', 'é', '用', '😀', '\u2028', '</script>', '1234567890123456', ' '];
  return Array.from({ length: random.below(5) }, () => random.pick(pieces)).join('');
}
