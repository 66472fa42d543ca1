/** The values of a text, JSON or YAML, each with the places of its fields. */

import type { ErrorCode } from '../outside/error-codes.ts'
import { type Finding, refuse } from './finding.ts'
import { type Flaw, isMissing, renderPath } from './flaw.ts'
import { parseJson } from './parse-json.ts'
import type { TextPlace, YamlDocument } from './parse-yaml.ts'
import type { Source } from './read-sources.ts'

export interface SourceValue {
  readonly value: unknown
  /** `gcp.yaml:12`. */
  readonly at: string
  /** Flaws of the value, with their places. */
  readonly find: (flaws: readonly Flaw[]) => Promise<Finding[]>
}

/** One for each document that is not empty. @throws `code` where the text is neither JSON nor YAML */
export async function parseSource(source: Source, code: ErrorCode): Promise<SourceValue[]> {
  const value = parseJson(source.text)
  if (value === undefined) return (await parseAsYaml(source, code)).map((document) => sourceValue(source, document))
  return [
    {
      value,
      at: `${source.name}:1`,
      // JSON is YAML too, and the YAML parser knows the places: loaded only for who made a mistake.
      find: async (flaws) => {
        const [document] = await parseAsYaml(source, code)
        return document === undefined ? [] : sourceValue(source, document).find(flaws)
      },
    },
  ]
}

async function parseAsYaml(source: Source, code: ErrorCode): Promise<YamlDocument[]> {
  const { parseYaml } = await import('./parse-yaml.ts')
  const parsed = parseYaml(source.text)
  if ('documents' in parsed) return parsed.documents
  const [first, ...others] = parsed.map(({ what, expected, ...place }) => ({
    seen: `${render(source, place)}: ${what}`,
    expected,
  }))
  throw refuse(code, [first ?? { seen: `${source.name} cannot be parsed`, expected: 'YAML or JSON' }, ...others])
}

function sourceValue(source: Source, { value, start, locate }: YamlDocument): SourceValue {
  return {
    value,
    at: `${source.name}:${start.line}`,
    find: async (flaws) =>
      flaws
        .map((flaw) => ({ ...flaw, place: locate(flaw.path, flaw.at ?? 'value') }))
        .toSorted((a, b) => lateness(a) - lateness(b) || a.place.line - b.place.line || a.place.column - b.place.column)
        .map(({ place, path, says, expected }) => ({
          seen: `${render(source, place)}: ${renderPath(path)} ${says}`,
          expected,
        })),
  }
}

/** A field that is missing often is one that is misspelt: that one is told first. */
const lateness = ({ says }: Flaw) => (says === isMissing ? 1 : 0)

const render = ({ name }: Source, { line, column }: TextPlace) => `${name}:${line}:${column}`
