import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { addressNotAllowed } from '../../../sandbox/azure/container-registry.ts'
import { entraError } from '../../../sandbox/azure/entra.ts'
import type { SandboxResponse } from '../../../sandbox/serve/handler.ts'
import type { PullpassError } from '../../../src/errors/pullpass-error.ts'
import {
  type AzureTest,
  clientId,
  type ExchangeOptions,
  refusalAt,
  registryText,
  signToken,
  startAzure,
  subject,
  tenantId,
} from './azure-registry.ts'

interface Row {
  /** Brings the sandbox into the state that is refused; what it returns changes the exchange. */
  readonly arrange: (test: AzureTest) => Promise<ExchangeOptions | undefined>
  readonly code: string
  readonly seen: string | RegExp
  readonly expected: string | RegExp
  /** The hint. */
  readonly fix: RegExp
  /** To be pasted as it is; absent: none. */
  readonly command?: string
  readonly retried?: true
}

const other = '00000000-aaaa-4bbb-8ccc-dddddddddddd'

async function changeCredential({ azure }: AzureTest, change: object): Promise<undefined> {
  const [own] = azure.puller.credentials.values()
  if (own !== undefined) azure.puller.credentials.set(own.name, { ...own, ...change })
}

const causes: Readonly<Record<string, Row>> = {
  'a federated credential for another issuer': {
    arrange: (azureTest) => changeCredential(azureTest, { issuer: 'https://issuer.example.com' }),
    code: 'ISSUER_REFUSED',
    seen: /^Microsoft Entra responded with 401 "AADSTS700211: No matching federated identity record found for presented assertion issuer 'https:\/\/127/,
    expected:
      /^a federated credential of application 66666666-7777-4888-9999-aaaaaaaaaaaa with the issuer "https:.+", exactly, including a trailing slash$/,
    fix: /^pullpass trust apply -f FILE creates it; .+; compare it with the existing ones$/,
    command: `az ad app federated-credential list --id ${clientId}`,
  },
  'one for another subject': {
    arrange: (azureTest) => changeCredential(azureTest, { subject: 'system:serviceaccount:other:other' }),
    code: 'CONDITION_REFUSED',
    seen: /AADSTS700213: No matching federated identity record found for presented assertion subject 'system:serviceaccount:image-system:pullpass'/,
    expected: /and subject "system:serviceaccount:image-system:pullpass", case-sensitive$/,
    fix: /^pullpass trust apply -f FILE creates it/,
    command: `az ad app federated-credential list --id ${clientId}`,
  },
  'one whose subject differs in case': {
    arrange: (azureTest) => changeCredential(azureTest, { subject: subject.toUpperCase() }),
    code: 'CONDITION_REFUSED',
    seen: /AADSTS7002138: /,
    expected: /case-sensitive$/,
    fix: /^pullpass trust apply -f FILE creates it/,
    command: `az ad app federated-credential list --id ${clientId}`,
  },
  'one for another audience': {
    arrange: (azureTest) => changeCredential(azureTest, { audiences: ['api://other'] }),
    code: 'AUDIENCE_REFUSED',
    seen: /AADSTS700212: No matching federated identity record found for presented assertion audience 'api:\/\/AzureADTokenExchange'/,
    expected:
      'a federated credential with the audience of the token, "api://AzureADTokenExchange"; pullpass requests "api://AzureADTokenExchange"',
    fix: /^set the audience of the federated credential to that of the token, or set the audience of the registry to that of the federated credential; compare$/,
    command: `az ad app federated-credential list --id ${clientId}`,
  },
  'no federated credential': {
    async arrange({ azure }) {
      azure.puller.credentials.clear()
      return undefined
    },
    code: 'PROVIDER_NOT_FOUND',
    seen: `Microsoft Entra responded with 401 "AADSTS70025: The client '${clientId}'(pullpass) has no configured federated identity credentials."`,
    expected: /^a federated credential of application .+; it has none$/,
    fix: /^pullpass trust apply -f FILE creates it/,
  },
  'an application that does not exist': {
    arrange: async () => ({ registry: registryText().replace(clientId, other) }),
    code: 'PROVIDER_NOT_FOUND',
    seen: new RegExp(
      `AADSTS700016: Application with identifier '${other}' was not found in the directory '${tenantId}'`,
    ),
    expected: `an application or managed identity with client id ${other} in tenant ${tenantId}`,
    fix: /^correct azure\.clientId .+ and azure\.tenantId$/,
    command: `az ad sp show --id ${other}`,
  },
  'a tenant that does not exist': {
    arrange: async () => ({ registry: registryText().replace(tenantId, other) }),
    code: 'PROVIDER_NOT_FOUND',
    seen: new RegExp(`^Microsoft Entra responded with 400 "AADSTS90002: Tenant '${other}' not found`),
    expected: `a tenant ${other} in cloud Public`,
    fix: /^correct azure\.tenantId; .+ with another suffix$/,
    command: 'az account show --query tenantId',
  },
  'a token that has expired': {
    async arrange({ sandbox }) {
      const subjectToken = await signToken(sandbox, { lifeSeconds: 600 })
      sandbox.clock.advance('20 min')
      return { subjectToken }
    },
    code: 'TOKEN_STALE',
    seen: /AADSTS700024: Client assertion is not within its valid time range\. Current time: 2026-11-24T12:20:00\.000Z/,
    expected: /this one is valid from 2026-11-24T12:00:00Z until 2026-11-24T12:10:00Z$/,
    fix: /^check the clocks of the cluster and of this machine/,
  },
  'a clock of the cluster that is ahead': {
    async arrange({ sandbox }) {
      const subjectToken = await signToken(sandbox)
      sandbox.clock.advance('-1 h')
      return { subjectToken }
    },
    code: 'TOKEN_STALE',
    seen: /AADSTS700024: /,
    expected: /^a token that is valid by Entra's clock/,
    fix: /^check the clocks/,
  },
  'a token for longer than a day': {
    arrange: async ({ sandbox }) => ({ subjectToken: await signToken(sandbox, { lifeSeconds: 26 * 3600 }) }),
    code: 'TOKEN_STALE',
    seen: /AADSTS70023: External OIDC Provider token must have a lifetime of less than or equal to 1\.01:00:00/,
    expected: /for 25 h at most/,
    fix: /^check the clocks/,
  },
  'a key that is not published': {
    async arrange({ sandbox }) {
      sandbox.cluster.keys.signWith(await sandbox.cluster.keys.add())
      return { subjectToken: await signToken(sandbox) }
    },
    code: 'ISSUER_UNREACHABLE',
    seen: /AADSTS7000272: The certificate with identifier '.+' used to sign the federated credential could not be found/,
    expected: /openid-configuration and its JWKS, with key ".+", readable without credentials$/,
    fix: /^publish the cluster's metadata at its issuer's URL/,
    retried: true,
  },
  'an issuer that cannot be read': {
    async arrange({ sandbox }) {
      sandbox.gcp.parts.storage.faults.inject({ kind: 'response', response: { status: 403 } })
      return undefined
    },
    code: 'ISSUER_UNREACHABLE',
    seen: 'Microsoft Entra responded with 400 "AADSTS501661: Request to External OIDC endpoint failed."',
    expected: /readable without credentials$/,
    fix: /^publish the cluster's metadata/,
    retried: true,
  },
}

function checkRow(fault: PullpassError, { code, seen, expected, fix, command }: Omit<Row, 'arrange'>): void {
  assert.equal(fault.code, code, fault.message)
  const compare = (actual: string | undefined, desired: string | RegExp) =>
    typeof desired === 'string' ? assert.equal(actual, desired) : assert.match(actual ?? '', desired)
  compare(fault.seen, seen)
  compare(fault.expected, expected)
  assert.match(fault.hint ?? '', fix)
  assert.equal(fault.command, command)
}

suite('Entra refuses', () => {
  for (const [title, row] of Object.entries(causes)) {
    test(title, async (t) => {
      const azureTest = await startAzure(t)
      const fault = await refusalAt(azureTest, (await row.arrange(azureTest)) ?? {})
      checkRow(fault, row)
      assert.equal(fault.hop, 'exchange')
      assert.equal(azureTest.azure.parts.entra.seen.length, row.retried ? 4 : 1)
      assert.equal(azureTest.azure.parts.containerRegistry.seen.length, 0)
    })
  }
})

interface Response extends Omit<Row, 'arrange'> {
  readonly response: SandboxResponse
}

const now = new Date('2026-11-24T12:00:00Z')
const errors = (status: number, code: string, message: string): SandboxResponse => ({
  status,
  body: { errors: [{ code, message }] },
})

/** What the sandbox does not bring about by itself. */
const entraResponses: Readonly<Record<string, Response>> = {
  'a signature by another key': {
    response: entraError({ number: 700027, sentence: 'Client assertion failed signature validation.' }, now),
    code: 'SIGNATURE_INVALID',
    seen: 'Microsoft Entra responded with 401 "AADSTS700027: Client assertion failed signature validation."',
    expected: /^the published key ".+" to be the one that the cluster signs with$/,
    fix: /^publish the cluster's current JWKS$/,
    command: 'pullpass issuer publish --to "${TARGET:?}"',
  },
  'the older message for no match': {
    response: entraError(
      { number: 70021, sentence: 'No matching federated identity record found for presented assertion.' },
      now,
    ),
    code: 'CONDITION_REFUSED',
    seen: /AADSTS70021: No matching/,
    expected: /^a federated credential of application/,
    fix: /^pullpass trust apply -f FILE creates it/,
    command: `az ad app federated-credential list --id ${clientId}`,
  },
  'a token that is not a JWT with RS256': {
    response: entraError({ number: 50027, sentence: 'JWT token is invalid or malformed.' }, now),
    code: 'EXCHANGE_REFUSED',
    seen: /AADSTS50027: /,
    expected: 'a JWT that Entra can read, signed with RS256; this one names "RS256"',
    fix: /check the token$/,
    command: 'pullpass inspect "${TOKEN_FILE:?}"',
  },
  'a tenant without the service principal of registries': {
    response: entraError({ number: 500011, sentence: 'The resource principal was not found.' }, now),
    code: 'EXCHANGE_REFUSED',
    seen: 'Microsoft Entra responded with 400 "AADSTS500011: The resource principal was not found."',
    expected: /^the service principal of Azure Container Registry/,
    fix: /^register the resource provider Microsoft\.ContainerRegistry/,
    command: 'az provider register --namespace Microsoft.ContainerRegistry',
  },
  'a Conditional Access policy': {
    response: entraError({ number: 53003, sentence: 'Access has been blocked by Conditional Access policies.' }, now),
    code: 'PERIMETER_DENIED',
    seen: /AADSTS53003: /,
    expected: /^the tenant's Conditional Access policies to admit application/,
    fix: /the sign-in log names the policy/,
  },
  'an unknown number': {
    response: entraError({ number: 7000222, sentence: 'The provided client secret keys are expired.' }, now),
    code: 'EXCHANGE_REFUSED',
    seen: /AADSTS7000222: The provided client secret keys are expired\."$/,
    expected: /^$/,
    fix: /^compare the token, which pullpass inspect "\$\{TOKEN_FILE:\?\}" shows, with the federated credentials of application/,
    command: `az ad app federated-credential list --id ${clientId}`,
  },
  'numbers only in the sentence': {
    response: {
      status: 400,
      body: { error: 'invalid_client', error_description: 'AADSTS700024: Too late.\r\nTrace ID: x' },
    },
    code: 'TOKEN_STALE',
    seen: 'Microsoft Entra responded with 400 "AADSTS700024: Too late."',
    expected: /^a token that is valid/,
    fix: /^check the clocks/,
  },
}

const registryResponses: Readonly<Record<string, Response>> = {
  'network rules that exclude the cluster': {
    response: addressNotAllowed,
    code: 'PERIMETER_DENIED',
    seen: /^registry example\.azurecr\.io responded with 403 "client with IP '203\.0\.113\.7' is not allowed access/,
    expected: 'the network rules of the registry to admit 203.0.113.7',
    fix: /^add the address to the rules/,
    command: "az acr show --name example --query '[publicNetworkAccess,networkRuleSet]'",
  },
  'a forbidden identity': {
    response: errors(403, 'DENIED', 'requested access to the resource is denied'),
    code: 'REGISTRY_DENIED',
    seen: 'registry example.azurecr.io responded with 403 "requested access to the resource is denied"',
    expected:
      /^application .+ to have the role AcrPull on example\.azurecr\.io; in a registry with repository permissions/,
    fix: /^pullpass trust apply -f FILE assigns it/,
    command: `az role assignment list --assignee ${clientId} --scope "$(az acr show --name example --query id --output tsv)"`,
  },
  throttling: {
    response: errors(429, 'TOOMANYREQUESTS', 'too many requests'),
    code: 'QUOTA_EXCEEDED',
    seen: 'registry example.azurecr.io responded with 429 "too many requests"',
    expected: 'requests within the limits of registry example.azurecr.io',
    fix: /^no action if this is temporary/,
  },
}

test('responses of Entra and of a registry', async (t) => {
  const azureTest = await startAzure(t)
  const { entra, containerRegistry } = azureTest.azure.parts
  for (const [part, hop, responses] of [
    [entra, 'exchange', entraResponses],
    [containerRegistry, 'exchange/registry', registryResponses],
  ] as const) {
    for (const [title, row] of Object.entries(responses)) {
      await t.test(title, async () => {
        part.faults.inject({ kind: 'response', response: row.response })
        const fault = await refusalAt(azureTest)
        part.faults.clear()
        assert.equal(fault.hop, hop)
        checkRow(fault, row)
      })
    }
  }

  await t.test('an identity without a role', async () => {
    azureTest.azure.roleAssignments.all.clear()
    const fault = await refusalAt(azureTest)
    assert.deepEqual([fault.code, fault.hop], ['REGISTRY_DENIED', 'exchange/registry'])
    assert.equal(
      fault.seen,
      'registry example.azurecr.io responded with 401 "authentication required, visit https://aka.ms/acr/authorization for more information."',
    )
  })

  await t.test('a registry that does not exist', async () => {
    azureTest.azure.registries.clear()
    const fault = await refusalAt(azureTest)
    assert.deepEqual([fault.code, fault.hop], ['EXCHANGE_REFUSED', 'exchange/registry'])
    assert.equal(fault.expected, 'example.azurecr.io to be the login server of a registry')
    assert.equal(fault.hint, 'correct hosts or azure.registry')
    assert.equal(fault.command, 'az acr show --name example --query loginServer')
  })
})
