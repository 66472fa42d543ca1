/** pullpass issuer check: what a cloud would find at an issuer's URL. Exits 1 when something keeps a cloud from using it. */
import type { SubjectToken } from '../../identity/subject-token.ts'
import { parseTokenText, readTokenFile } from '../../identity/token-file.ts'
import { evaluateIssuer } from '../../oidc/evaluate/evaluate.ts'
import { documentPaths } from '../../oidc/issuer-documents.ts'
import { gatherPublicFacts, openPublicContext } from '../../oidc/public/public-facts.ts'
import { quote } from '../../text/plain-text.ts'
import { Redacted } from '../../text/redacted.ts'
import { loadStores, parseAmong } from '../../vendors/target.ts'
import { issuerVerifiers, type VendorContext, verifierNames } from '../../vendors/vendor.ts'
import type { Command, Terminal } from '../command.ts'
import { type Flag, usageFault } from '../flag.ts'
import { outputFlags } from '../flags.ts'
import { renderResult } from '../output.ts'
import { checkResult, renderCheck } from './check-report.ts'

const flags: typeof outputFlags & {
  readonly for: Flag & { type: 'string'; multiple: true }
  readonly 'token-file': Flag & { type: 'string' }
} = {
  for: {
    type: 'string',
    multiple: true,
    value: 'VENDOR',
    vendorChoices: verifierNames,
    summary: 'Evaluate the requirements of this vendor; repeatable (default: of all)',
  },
  'token-file': {
    type: 'string',
    value: 'FILE',
    summary: "Try this token of the cluster's too, or - for standard input; it is sent nowhere",
  },
  ...outputFlags,
}

export const check: Command<typeof flags> = {
  summary: 'Check which clouds can use the public metadata of an issuer',
  usage: ['issuer check URL [--for VENDOR] [--token-file FILE] [flags]'],
  details: [
    'Reads the two OIDC documents there as an anonymous client: no credential, no redirect, and only certificates of public',
    'authorities count (one of --ca-file is accepted, and reported). Then it reports for each vendor, and for any other OIDC',
    'verifier, what prevents it from using them, and what may. With a token also whether its key is published, its',
    'signature, its issuer and its audiences. Exits 1 on a problem for one of these vendors.',
    '',
    'Examples:',
    '  pullpass issuer check https://storage.googleapis.com/example-issuer/cluster-1 --for gcp',
    '  kubectl create token default --audience sts.amazonaws.com | pullpass issuer check https://… --token-file -',
  ].join('\n'),
  life: 'one-shot',
  flags,

  async run({ flags: wanted, positionals, context, terminal }) {
    const issuer = await issuerOf(positionals, context)
    const token = await readToken(wanted['token-file'], terminal)
    const facts = await gatherPublicFacts(openPublicContext(context), issuer, token)
    const { vendors } = context
    const names = wanted.for.length === 0 ? verifierNames(vendors) : wanted.for
    const verdicts = evaluateIssuer(facts, await issuerVerifiers(vendors, names))
    terminal.print(
      wanted.output === undefined
        ? renderCheck(facts, verdicts, terminal.color)
        : await renderResult(checkResult(facts, verdicts), wanted.output),
    )
    return verdicts.some(({ level }) => level === 'problem') ? 1 : 0
  },
}

/** @throws USAGE_INVALID */
async function issuerOf([issuer, ...more]: readonly string[], context: VendorContext): Promise<string> {
  if (issuer === undefined)
    throw usageFault('issuer check', 'no URL is given', 'the URL of an issuer: https://HOST/PATH')
  if (more.length > 0) throw usageFault('issuer check', `unexpected argument ${quote(more[0] ?? '')}`, 'one URL')
  const read = await urlOfTarget(issuer, context)
  if (read !== undefined)
    throw usageFault('issuer check', `${quote(issuer)} is a publish target`, `the URL where clouds read it: ${read}`)
  if (URL.parse(issuer) === null)
    throw usageFault('issuer check', `${quote(issuer)} is no URL`, 'the URL of an issuer: https://HOST/PATH')
  const document = Object.values(documentPaths).find((path) => issuer.endsWith(`/${path}`))
  if (document === undefined) return issuer
  throw usageFault(
    'issuer check',
    `${quote(issuer)} is one of its documents`,
    `the issuer itself: ${issuer.slice(0, -document.length - 1)}`,
  )
}

/** Of a target as --to names it; undefined where it is none, or where nothing is read by a URL. */
async function urlOfTarget(text: string, { environment, vendors }: VendorContext): Promise<string | undefined> {
  const found = parseAmong(text, await loadStores(vendors, text))
  return found?.store.publicUrl(found.name, environment)
}

/** @throws TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED */
async function readToken(file: string | undefined, { readInput }: Terminal): Promise<SubjectToken | undefined> {
  if (file === undefined) return undefined
  return file === '-' ? parseTokenText(new Redacted(await readInput()), 'standard input') : await readTokenFile(file)
}
