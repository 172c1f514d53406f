/** Hides what is not code in a TypeScript file, so that patterns match code only. */

/** What each character inside a string, template or regular expression turns into. */
export const HIDDEN = '\0';

const PLAIN = /[^'"`/{}]+/y;
const COMMENT = /\/\/[^\n]*|\/\*.*?\*\//sy;
const STRING = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/sy;
const REGULAR_EXPRESSION = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//y;
const TEMPLATE_TEXT = /(?:\\.|\$(?!\{)|[^`\\$])*/sy;

/** After one of these a slash begins a regular expression; after anything else it divides. */
const BEFORE_REGULAR_EXPRESSION =
  /(?:^|[=(,:;[!&|?{}+\-*%<>~^]|\b(?:return|typeof|case|do|else|in|of|void|delete|throw|new|await|yield))\s*$/;

/**
 * Text of the same length and the same lines, in which comments are blank and the contents of strings, templates and
 * regular expressions are {@link HIDDEN}; their quotes stay, and so does code in a template's `${...}`.
 */
export function maskLiterals(source: string): string {
  const parts: string[] = [];
  let at = 0;
  /** One entry per template whose `${...}` we are in: how many braces are open in it. */
  const openBraces: number[] = [];

  const take = (pattern: RegExp, mask: (text: string) => string): boolean => {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0] ?? '';
    parts.push(mask(text));
    at += text.length;
    return text !== '';
  };
  const takeCharacters = (count: number) => {
    parts.push(source.slice(at, at + count));
    at += count;
  };
  const takeTemplateText = () => {
    take(TEMPLATE_TEXT, hide);
    if (source[at] !== '$') return takeCharacters(1);
    openBraces.push(0);
    takeCharacters(2);
  };
  const takePunctuation = (character: string) => {
    takeCharacters(1);
    if (character === '`') return takeTemplateText();
    const open = openBraces.pop();
    if (open === undefined) return;
    if (character === '}' && open === 0) return takeTemplateText();
    openBraces.push(open + (character === '{' ? 1 : character === '}' ? -1 : 0));
  };

  while (at < source.length) {
    if (take(PLAIN, keep) || take(COMMENT, blank) || take(STRING, hideInside)) continue;
    if (source[at] === '/' && mayBeginRegularExpression(parts) && take(REGULAR_EXPRESSION, hideInside)) continue;
    takePunctuation(source.charAt(at));
  }
  return parts.join('');
}

function mayBeginRegularExpression(parts: readonly string[]): boolean {
  return BEFORE_REGULAR_EXPRESSION.test(parts.slice(-10).join('').slice(-200));
}

function keep(text: string): string {
  return text;
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

function hide(text: string): string {
  return text.replace(/[^\n]/g, HIDDEN);
}

function hideInside(literal: string): string {
  return literal.charAt(0) + hide(literal.slice(1, -1)) + literal.slice(-1);
}
