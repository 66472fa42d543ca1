/** HTML whose values are escaped: the template is trusted, everything that is put into it is not. https://html.spec.whatwg.org/#escapingString */
import { plainLine } from './plain-text.ts'

/** Markup that this program has written. */
export class Html {
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  get markup(): string {
    return this.#markup
  }
}

type HtmlValue = string | number | Html | readonly (string | Html)[]

/** Values are escaped for text and for attributes in double quotes. A list is its parts, one after another. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(parts.reduce((before, part, at) => `${before}${render(values[at - 1] ?? '')}${part}`))
}

function render(value: HtmlValue): string {
  if (value instanceof Html) return value.markup
  if (typeof value === 'object') return value.map(render).join('')
  return plainLine(String(value)).replaceAll(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}
