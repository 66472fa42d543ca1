/** docs/document.md: every field of a document with its rule, from the schema; the words between are here. */

import { documentJsonSchemas, type JsonSchema } from '../src/document/json-schema.ts'
import { type DropInForm, dropInForm } from '../src/document/load-documents.ts'
import type { Vendors } from '../src/vendors/vendor.ts'

export async function renderDocumentPage(vendors: Vendors): Promise<string> {
  const { ClusterPullSecret, PullSecret } = await documentJsonSchemas(vendors)
  const sections = [head, renderClusterSection(ClusterPullSecret), credentialFile, renderTenantSection(PullSecret)]
  return `${[...sections, renderVariables(await dropInForm(vendors, {}))].join('\n\n')}\n`
}

const example = `apiVersion: pullpass.dev/v1alpha1
kind: ClusterPullSecret
metadata: {name: artifact-registry}
spec:
  secretName: regcred
  namespaces:
    include: [default, "team-*"]
    exclude: [team-legacy]
  registries:
    - name: google
      hosts: [europe-docker.pkg.dev]
      gcp:
        workloadIdentityProvider: projects/123456789012/locations/global/workloadIdentityPools/pool/providers/cluster
        serviceAccountEmail: puller@example-project.iam.gserviceaccount.com
  attachToServiceAccounts: [default]
`

const head = `# The document

<!-- Made by tools/schema.ts from src/document/schema.ts; change it there. -->

A document says which pull secret is wanted where. It is YAML or JSON, in a file (\`-f FILE\`), a folder (\`-f DIR\`: its
\`*.yaml\`, \`*.yml\` and \`*.json\`, by name) or on standard input (\`-f -\`); a file may hold many, parted by \`---\`, and is at
most 1 MiB. Without \`-f\` the environment is read: see [the drop-in variables](#the-drop-in-variables).

\`\`\`yaml
${example}\`\`\`

What is wrong is said before anything is written, all of it in one error, each with file, line and column; the exit code is
2. For editors there is a JSON Schema of each kind: [ClusterPullSecret](schema/clusterpullsecret.json) and
[PullSecret](schema/pullsecret.json). In VS Code's YAML extension, begin the file with
\`# yaml-language-server: $schema=PATH/clusterpullsecret.json\`.`

const renderClusterSection = (schema: JsonSchema) => `## ClusterPullSecret

One Secret in many namespaces, for who runs the cluster.

${renderTable(schema)}

Between fields:

- Of \`namespaces\`, \`include\` or \`selector\` is required. A namespace is chosen when \`include\` (absent: any) and \`selector\`
  (absent: any) choose it and \`exclude\` does not. In globs \`*\` is any characters and \`?\` is one. Namespaces \`kube-*\` are
  chosen only by their exact name in \`include\`. A name that no namespace has fails; a glob that matches none
  warns. A document that selects no namespace at all fails, unless \`emptyPolicy\` is \`Allow\` (once: \`--allow-empty\`).
- A selector asks for something; \`In\` and \`NotIn\` have \`values\`, \`Exists\` and \`DoesNotExist\` have none. \`NotIn\` chooses a
  namespace without the label too, as everywhere in Kubernetes.
- A registry names exactly one vendor. Names and hosts of registries are each used once in a document.
- \`gcp\` names its provider in one way: \`workloadIdentityProvider\`; or \`projectNumber\`, \`poolId\` and \`providerId\`; or
  \`credentialFile\`. \`delegates\` and \`lifetime\` belong to \`serviceAccountEmail\`; \`stsRegion\` excludes \`universeDomain\` and
  \`endpoints.sts\`.
- \`gcp.trust\` is for [\`pullpass trust\`](trust.md) alone: what a provider must be told and no exchange needs. Changing it
  makes no credential due.
- Relative paths start at the document's own file.
- Two documents of one kind and name are refused, and so are two that claim one Secret.`

const credentialFile = `### The credential file

\`gcp.credentialFile\` is what \`gcloud iam workload-identity-pools create-cred-config\` writes, of type \`external_account\`. It
says the provider, the service account, the lifetime and the token file; \`scopes\`, \`lifetime\`, \`endpoints\` and
\`delegates\` may stand beside it in the document. Its hosts must be Google's own; a file of another universe is taken only
where the document names the same \`universeDomain\` beside it. Its token file is used when the document has neither
\`tokenFile\` nor \`serviceAccountRef\`. Sources of kind \`executable\`, \`url\`, \`certificate\` and AWS are refused: no
program is run and no address called because a file says so.`

const renderTenantSection = (schema: JsonSchema) => `## PullSecret

The same for a tenant: one Secret, in the namespace of the document, by a ServiceAccount of that namespace. It names no
files and nobody else who receives its token: those would be rights of pullpass itself.

${renderTable(schema)}`

function renderVariables({ rules, variables }: DropInForm): string {
  const rows = Object.entries(rules).map(([name, rule]) => {
    const expected = name.endsWith('NAMESPACES') ? `a comma list, each ${rule.expected}` : rule.expected
    return `| \`${name}\` | ${escapeCell(expected)} |`
  })
  return `## The drop-in variables

The variables of the script of curl, jq and kubectl that many clusters run. Together they are a ClusterPullSecret, named
after its Secret, with one registry \`${variables.registry}\`. With \`-f\` they are not read. Spaces around values, line ends and a comma at
the end do not matter; one of the six that is empty is an error.

| variable | expected |
| --- | --- |
${rows.join('\n')}
| \`REGISTRY_HOSTS\` | hosts as above; a comma list, by default \`${variables.defaultHost}\` |`
}

function renderTable(schema: JsonSchema): string {
  return ['| field | | what it says | expected |', '| --- | --- | --- | --- |', ...renderFields(schema, '')].join('\n')
}

function renderFields({ properties = {}, required = [] }: JsonSchema, prefix: string): string[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const item = field.items ?? field
    const path = `${prefix}${name}${field.items === undefined ? '' : '[]'}`
    const expected = item.enum?.map((word) => `\`${word}\``).join(', ') ?? escapeCell(ruleOf(item))
    const cells = [
      `\`${path}\``,
      required.includes(name) ? 'required' : '',
      escapeCell(field.description ?? ''),
      expected,
    ]
    return [`| ${cells.join(' | ')} |`, ...renderFields(item, `${path}.`)]
  })
}

/** In the words of the errors. */
function ruleOf({ patternErrorMessage, anyOf = [] }: JsonSchema): string {
  const said = patternErrorMessage ?? anyOf.find((choice) => choice.patternErrorMessage)?.patternErrorMessage
  return said?.replace(/^expected /, '') ?? ''
}

const escapeCell = (text: string) => text.replaceAll('|', '\\|').replaceAll('*', '\\*')
