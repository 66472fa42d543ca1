/** The target of `pullpass inspect`, from its arguments. */
import type { NamespacedName } from '../../document/document.ts'
import { showValue } from '../../document/show-value.ts'
import type { InspectedSecret } from '../../refresh/inspect-pull-secret.ts'
import type { TokenTarget } from '../../refresh/inspect-tokens.ts'
import { parseImageReference } from '../../registry/image-reference.ts'
import { usageFault } from '../command-line/flag.ts'
import { parseNamespacedName } from '../command-line/flags.ts'

export type InspectTarget = TokenTarget | SecretTarget

export interface SecretTarget extends InspectedSecret {
  readonly kind: 'secret'
}

interface TargetFlags {
  readonly file: readonly string[]
  readonly audience: string | undefined
  readonly image: string | undefined
}

/** @throws USAGE_INVALID, also for a flag that does not apply to the target */
export function parseInspectTarget(words: readonly string[], { file, audience, image }: TargetFlags): InspectTarget {
  const [kind, named, ...more] = words
  if (more.length > 0) throw usageFault('inspect', `unexpected argument ${showValue(more[0])}`)
  if (kind === 'secret') {
    if (file.length > 0) throw usageFault('inspect', '-f does not apply to a Secret', '-f with a token')
    if (audience !== undefined)
      throw usageFault('inspect', '--audience does not apply to a Secret', '--audience with inspect serviceaccount')
    return { kind, secret: parseName(kind, named), image: image === undefined ? undefined : parseImage(image) }
  }
  const whole = kind === undefined ? undefined : kubectlNames.get(kind)
  if (whole !== undefined) throw usageFault('inspect', `unknown kind ${showValue(kind)}`, whole)
  if (image !== undefined)
    throw usageFault('inspect', '--image does not apply to a token', '--image with inspect secret')
  if (kind === 'serviceaccount') return { kind, account: parseName(kind, named), audience }
  if (audience !== undefined)
    throw usageFault('inspect', '--audience does not apply to a file', '--audience with inspect serviceaccount')
  if (named !== undefined) throw usageFault('inspect', `unknown kind ${showValue(kind)}`, 'serviceaccount or secret')
  if (kind === '-' && file.includes('-')) throw usageFault('inspect', '"-" is given for the token and for a document')
  return { kind: 'file', path: kind }
}

/** Other names of kubectl for these kinds; a file of such a name is `./sa`. */
const kubectlNames: ReadonlyMap<string, string> = new Map([
  ['sa', 'the kind serviceaccount'],
  ['serviceaccounts', 'the kind serviceaccount'],
  ['secrets', 'the kind secret'],
])

function parseName(kind: string, text: string | undefined): NamespacedName {
  if (text === undefined) throw usageFault('inspect', `the name of the ${kind} is missing`, 'NAMESPACE/NAME')
  return parseNamespacedName(text, `the name of the ${kind}`, 'inspect')
}

function parseImage(name: string): NonNullable<SecretTarget['image']> {
  const reference = parseImageReference(name)
  if (reference !== undefined) return { name, reference }
  throw usageFault(
    'inspect',
    `--image is ${showValue(name)}, not an image name`,
    '[host[:port]/]path[:tag][@digest], as a Pod names it',
  )
}
