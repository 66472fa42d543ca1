/** What can be known of a set-up to fail before anybody is asked. */
import type { Document } from '../../../document/document.ts'
import { accountParts, poolOf } from '../../../document/gcp-names.ts'
import type { GcpSettings } from '../../../document/gcp-settings.ts'
import { checkIssuerUrl } from '../../../issuer/documents/check-issuer-url.ts'
import { PullpassError } from '../../../outside/pullpass-error.ts'
import type { TrustedCluster } from '../../trusted-cluster.ts'
import { accountsOf } from './grants-of.ts'
import type { WantedProvider } from './wanted-at-google.ts'

interface Checked {
  readonly document: Document
  readonly settings: GcpSettings
  readonly provider: WantedProvider
  readonly cluster: TrustedCluster
}

/** @throws DOCUMENT_INVALID, ISSUER_UNUSABLE */
export function checkNeed({ document, settings, provider, cluster }: Checked): void {
  const refuse = (seen: string, expected: string) => {
    throw new PullpassError({
      code: 'DOCUMENT_INVALID',
      hop: 'document',
      seen: `${document.source}: ${seen}`,
      expected,
    })
  }
  if (settings.universeDomain !== undefined && settings.universeDomain !== 'googleapis.com') {
    refuse(`its registry is of the universe ${settings.universeDomain}`, 'googleapis.com: trust knows no other')
  }
  for (const name of [poolOf(provider.name), provider.name]) {
    const id = name.slice(name.lastIndexOf('/') + 1)
    if (id.startsWith('gcp-'))
      refuse(`${name} has an id that begins with gcp-`, 'another: Google keeps these for itself')
  }
  for (const email of accountsOf(settings)) {
    if (email.endsWith('.iam.gserviceaccount.com') && accountParts(email) === undefined)
      refuse(`service account ${email} has an id that Google accepts for none`, creatableForm)
  }
  const fault = checkIssuerUrl(provider.issuer, `the issuer of cluster ${cluster.name}`)
  if (fault === undefined) return
  if (!isHttps(provider.issuer)) throw fault
  if (provider.keys === undefined) throw orUploaded(fault)
}

const creatableForm = 'NAME@PROJECT.iam.gserviceaccount.com, NAME of 6 to 30 lower-case letters, digits and "-"'

const orUploaded = (fault: PullpassError) =>
  new PullpassError({
    code: fault.code,
    hop: fault.hop,
    seen: fault.seen,
    expected: fault.expected,
    hint: `${fault.hint ?? ''}; or let Google have the keys themselves, and read nothing there: trust.uploadKeys: Always`,
  })

/** Of uploaded keys Google compares the name alone, and reads nothing there. But it stands in commands as it came. */
const isHttps = (issuer: string) => URL.parse(issuer)?.protocol === 'https:' && !/[?#]|[^\x21-\x7e]/.test(issuer)
