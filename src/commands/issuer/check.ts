/** pullpass issuer check: evaluates the public metadata of an issuer. Exits 1 if a cloud cannot use it. */
import type { SubjectToken } from '../../identity/subject-token.ts'
import { parseTokenText, readTokenFile } from '../../identity/token-file.ts'
import { evaluateIssuer } from '../../oidc/evaluate/evaluate.ts'
import { documentPaths } from '../../oidc/issuer-documents.ts'
import { gatherPublicFacts, openPublicContext } from '../../oidc/public/public-facts.ts'
import { quote } from '../../text/plain-text.ts'
import { Redacted } from '../../text/redacted.ts'
import { loadStores, parseAmong } from '../../vendors/target.ts'
import { issuerVerifiers, type VendorContext, verifierNames } from '../../vendors/vendor.ts'
import type { Command, Terminal } from '../command-line/command.ts'
import { type Flag, usageFault } from '../command-line/flag.ts'
import { outputFlags } from '../command-line/flags.ts'
import { renderResult } from '../command-line/output.ts'
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
    summary: 'Evaluate the requirements of this vendor, oidc: of any other one; repeatable (default: of all)',
  },
  'token-file': {
    type: 'string',
    value: 'FILE',
    summary: 'File with a token of the cluster to verify; "-" reads standard input; it is not sent anywhere',
  },
  ...outputFlags,
}

export const check: Command<typeof flags> = {
  usage: ['issuer check URL [--for VENDOR] [--token-file FILE] [flags]'],
  details: [
    'Reads the discovery document and JWKS as an anonymous client: without credentials and redirects, and with public',
    'certificate authorities (another one of --ca-file is reported). Reports for each cloud, and for any other OIDC',
    'verifier, the problems that prevent it from using them, and warnings. With a token, also verifies its key, signature,',
    'issuer and audiences. Exits 1 if one of these clouds cannot use the issuer.',
    '',
    'Examples:',
    '  pullpass issuer check https://storage.googleapis.com/example-issuer/cluster-1 --for gcp',
    '  kubectl create token default --audience sts.amazonaws.com | pullpass issuer check https://… --token-file -',
  ].join('\n'),
  life: 'one-shot',
  flags,

  async run({ flags: given, positionals, context, terminal }) {
    const issuer = await issuerOf(positionals, context)
    const token = await readToken(given['token-file'], terminal)
    const facts = await gatherPublicFacts(openPublicContext(context), issuer, token)
    const { vendors } = context
    const names = given.for.length === 0 ? verifierNames(vendors) : given.for
    const verdicts = evaluateIssuer(facts, await issuerVerifiers(vendors, names))
    terminal.print(
      given.output === undefined
        ? renderCheck(facts, verdicts, terminal.color)
        : await renderResult(checkResult(facts, verdicts), given.output, context.secrets),
    )
    return verdicts.some(({ result }) => result === 'failed') ? 1 : 0
  },
}

/** @throws USAGE_INVALID */
async function issuerOf([issuer, ...more]: readonly string[], context: VendorContext): Promise<string> {
  if (issuer === undefined)
    throw usageFault('issuer check', 'URL is missing', 'the URL of an issuer: https://HOST/PATH')
  if (more.length > 0) throw usageFault('issuer check', `unexpected argument ${quote(more[0] ?? '')}`, 'one URL')
  const read = await urlOfTarget(issuer, context)
  if (read !== undefined)
    throw usageFault('issuer check', `${quote(issuer)} is a publish target`, `the URL where clouds read it: ${read}`)
  if (URL.parse(issuer) === null)
    throw usageFault('issuer check', `${quote(issuer)} is not a URL`, 'the URL of an issuer: https://HOST/PATH')
  const document = Object.values(documentPaths).find((path) => issuer.endsWith(`/${path}`))
  if (document === undefined) return issuer
  throw usageFault(
    'issuer check',
    `${quote(issuer)} is one of its documents`,
    `the issuer itself: ${issuer.slice(0, -document.length - 1)}`,
  )
}

/** The public URL of a publish target; undefined if the text is none, or the target has no URL. */
async function urlOfTarget(text: string, { environment, vendors }: VendorContext): Promise<string | undefined> {
  const found = parseAmong(text, await loadStores(vendors, text))
  return found?.store.publicUrl(found.name, environment)
}

/** @throws TOKEN_FILE_UNREADABLE, TOKEN_MALFORMED */
async function readToken(file: string | undefined, { readInput }: Terminal): Promise<SubjectToken | undefined> {
  if (file === undefined) return undefined
  return file === '-' ? parseTokenText(new Redacted(await readInput()), 'standard input') : await readTokenFile(file)
}
