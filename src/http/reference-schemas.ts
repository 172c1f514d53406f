/**
 * Schemas of endpoints as OpenAPI has them: plain JSON Schema, those with a title written once under their name. A
 * request may leave everything out (absent is zero), an answer has all its fields but empty maps: the two have schemas
 * of their own.
 */
import type { WireSchema } from '../protocol/wire/wire-schema.ts';

type Json = Readonly<Record<string, unknown>>;
type Direction = 'request' | 'response';

/** An empty map is left out. */
function isAlwaysThere(schema: WireSchema): boolean {
  const kind = schema['~wire'];
  return kind.kind !== 'map' || kind.isKeptEmpty;
}

export class ReferenceSchemas {
  readonly #named = new Map<string, Json>();

  /** All that have been met, for `components.schemas`. */
  get named(): Json {
    return Object.fromEntries([...this.#named].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  request(schema: WireSchema): Json {
    return this.#of(schema, 'request');
  }

  response(schema: WireSchema): Json {
    return this.#of(schema, 'response');
  }

  #of(schema: WireSchema, direction: Direction): Json {
    const { title, ...own } = schema as WireSchema & { readonly title?: string };
    const whole = { ...own, ...this.#parts(schema, direction) };
    if (title === undefined) return whole;
    const isInput = direction === 'request' && schema['~wire'].kind !== 'scalar';
    const name = isInput ? `${title}Input` : title;
    this.#named.set(name, whole);
    return { $ref: `#/components/schemas/${name}` };
  }

  #parts(schema: WireSchema, direction: Direction): Json {
    const kind = schema['~wire'];
    switch (kind.kind) {
      case 'object': {
        const fields = Object.entries(kind.fields);
        const required = fields.filter(([, field]) => isAlwaysThere(field)).map(([name]) => name);
        return {
          properties: Object.fromEntries(fields.map(([name, field]) => [name, this.#of(field, direction)])),
          ...(direction === 'response' && required.length > 0 ? { required } : {}),
        };
      }
      case 'nullable':
        return { anyOf: [this.#of(kind.of, direction), { type: 'null' }] };
      case 'list':
        return { items: this.#of(kind.of, direction) };
      case 'map':
        return { additionalProperties: this.#of(kind.of, direction) };
      default:
        return {};
    }
  }
}
