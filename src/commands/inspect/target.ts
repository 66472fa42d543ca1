/** What `pullpass inspect` is asked to show, from the words of its command line. */
import type { NamespacedName } from '../../document/document.ts'
import { type ImageReference, parseImageReference } from '../../registry/image-reference.ts'
import { quote } from '../../text/plain-text.ts'
import { usageFault } from '../flag.ts'
import { parseNamespacedName } from '../flags.ts'

export type InspectTarget = TokenTarget | SecretTarget

export type TokenTarget =
  | { readonly kind: 'file'; readonly path: string | undefined }
  | { readonly kind: 'serviceaccount'; readonly account: NamespacedName; readonly audience: string | undefined }

export interface SecretTarget {
  readonly kind: 'secret'
  readonly secret: NamespacedName
  readonly image: { readonly name: string; readonly reference: ImageReference } | undefined
}

interface TargetFlags {
  readonly file: readonly string[]
  readonly audience: string | undefined
  readonly image: string | undefined
}

/** @throws USAGE_INVALID; a flag that would say nothing about this target is wrong too */
export function parseInspectTarget(words: readonly string[], { file, audience, image }: TargetFlags): InspectTarget {
  const [kind, named, ...more] = words
  if (more.length > 0) throw usageFault('inspect', `unexpected argument ${quote(more[0] ?? '')}`)
  if (kind === 'secret') {
    if (file.length > 0) throw usageFault('inspect', '-f is given for a Secret', 'documents beside a token')
    if (audience !== undefined)
      throw usageFault('inspect', '--audience is given for a Secret', 'it with inspect serviceaccount')
    return { kind, secret: parseName(kind, named), image: image === undefined ? undefined : parseImage(image) }
  }
  const whole = kind === undefined ? undefined : kubectlWords.get(kind)
  if (whole !== undefined) throw usageFault('inspect', `${quote(kind ?? '')} is no kind`, whole)
  if (image !== undefined) throw usageFault('inspect', '--image is given for a token', 'it with inspect secret')
  if (kind === 'serviceaccount') return { kind, account: parseName(kind, named), audience }
  if (audience !== undefined)
    throw usageFault('inspect', '--audience is given for a file', 'it with inspect serviceaccount')
  if (named !== undefined) throw usageFault('inspect', `${quote(kind ?? '')} is no kind`, 'serviceaccount or secret')
  if (kind === '-' && file.includes('-')) throw usageFault('inspect', '- stands for the token and for a document')
  return { kind: 'file', path: kind }
}

/** What kubectl takes for our kinds; a file of such a name is `./sa`. */
const kubectlWords: ReadonlyMap<string, string> = new Map([
  ['sa', 'the kind serviceaccount'],
  ['serviceaccounts', 'the kind serviceaccount'],
  ['secrets', 'the kind secret'],
])

function parseName(kind: string, text: string | undefined): NamespacedName {
  if (text === undefined) throw usageFault('inspect', `${kind} is given without a name`, 'NAMESPACE/NAME')
  return parseNamespacedName(text, kind, 'inspect')
}

function parseImage(name: string): NonNullable<SecretTarget['image']> {
  const reference = parseImageReference(name)
  if (reference !== undefined) return { name, reference }
  throw usageFault(
    'inspect',
    `--image ${quote(name)} is no image`,
    '[host[:port]/]path[:tag][@digest], as a Pod names it',
  )
}
