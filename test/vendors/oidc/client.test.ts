import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { suite, test } from 'node:test'
import { sandboxVendors } from '../../../sandbox/vendors.ts'
import { runPullpass } from '../../support/run-pullpass.ts'
import { startTestSandbox } from '../../support/start-test-sandbox.ts'
import { documentOf, faultOf, loadRegistry } from '../exchange-registry.ts'

const pemOf = ({ publicKey, privateKey }: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }) => ({
  publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
})
const keys = {
  RSA: pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 })),
  'EC P-256': pemOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' })),
  Ed25519: pemOf(generateKeyPairSync('ed25519')),
}

const start = async (t: Parameters<typeof startTestSandbox>[0]) => {
  const sandbox = await startTestSandbox(t, { namespaces: ['team-a'] })
  const cloud = await sandbox.start(sandboxVendors.oidc)
  const refresh = async (client: string, more = '') => {
    const fields = `url: "${cloud.url}/token", parameters: {audience: registry}, username: puller${more}`
    const text = documentOf(`hosts: [a.example.com], audience: "${cloud.url}", oidc: {${fields}${client}}`)
    return await runPullpass(sandbox, ['refresh', '-f', await sandbox.write('pull.yaml', text)])
  }
  return { sandbox, cloud, refresh }
}

const id = 'clientId: "pull pass:1"'

suite('a client authenticates', () => {
  test('by its secret from a Secret of the cluster, with HTTP basic authentication or in the body', async (t) => {
    const { sandbox, cloud, refresh } = await start(t)
    const data = { secret: Buffer.from(cloud.client.secret).toString('base64') }
    sandbox.cluster.seed({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'image-system', name: 'client' },
      data,
    })
    const source = 'clientSecret: {secretRef: {namespace: image-system, name: client, key: secret}}'
    for (const method of ['client_secret_basic', 'client_secret_post'] as const) {
      cloud.client.method = method
      const { exitCode, stderr } = await refresh(`, clientAuthentication: {method: ${method}, ${id}, ${source}}`)
      assert.deepEqual([exitCode, stderr], [0, ''], method)
    }
    const json = await refresh(`, encoding: json, clientAuthentication: {method: client_secret_post, ${id}, ${source}}`)
    assert.equal(json.exitCode, 0, json.stderr)
  })

  for (const [type, { publicKey, privateKey }] of Object.entries(keys)) {
    test(`by an assertion that its ${type} key signs`, async (t) => {
      const { sandbox, cloud, refresh } = await start(t)
      Object.assign(cloud.client, { method: 'private_key_jwt', publicKey })
      await sandbox.write('client.pem', privateKey)
      const client = `method: private_key_jwt, ${id}, privateKey: {file: client.pem}, keyId: k1`
      const { exitCode, stderr } = await refresh(`, clientAuthentication: {${client}}`)
      assert.deepEqual([exitCode, stderr], [0, ''])
    })
  }

  test('by the subject token as its assertion, for a token of its own or for an exchange', async (t) => {
    const { cloud, refresh } = await start(t)
    cloud.client.method = 'subject_token'
    for (const grant of ['client_credentials', 'token_exchange']) {
      const client = `, grant: ${grant}, clientAuthentication: {method: subject_token, ${id}}`
      const { exitCode, stderr } = await refresh(client)
      assert.deepEqual([exitCode, stderr], [0, ''], grant)
    }
  })

  test('and if its registration does not accept the subject token, the error has issuer, subject and audience', async (t) => {
    const { sandbox, cloud, refresh } = await start(t)
    cloud.client.method = 'subject_token'
    cloud.trusted.subject = 'system:serviceaccount:image-system:other'
    const client = `, grant: client_credentials, clientAuthentication: {method: subject_token, ${id}}`
    const { exitCode, stderr } = await refresh(client)
    assert.equal(exitCode, 1)
    const { issuer } = sandbox.cluster
    assert.match(
      stderr,
      /^CLIENT_REFUSED \(exchange\): .* 401 "invalid_client: The client assertion is not accepted: subject\."/,
    )
    assert.ok(
      stderr.includes(
        `issuer "${issuer}", subject "system:serviceaccount:image-system:pullpass" and audience "${cloud.url}"`,
      ),
      stderr,
    )
  })

  test('and is refused with a code of its own', async (t) => {
    const { sandbox, cloud, refresh } = await start(t)
    cloud.client.method = 'client_secret_post'
    await sandbox.write('secret', 'wrong-client-secret-0123456789')
    const client = `method: client_secret_post, ${id}, clientSecret: {file: secret}`
    const { exitCode, stderr } = await refresh(`, clientAuthentication: {${client}}`)
    assert.equal(exitCode, 1)
    assert.match(stderr, /^CLIENT_REFUSED \(exchange\): the token service responded with 401 "invalid_client: /)
    assert.doesNotMatch(stderr, /wrong-client-secret/)
  })

  test('and an error names the command that shows the token of the document', async (t) => {
    const { sandbox, cloud, refresh } = await start(t)
    cloud.client.method = 'subject_token'
    cloud.trusted.subject = 'system:serviceaccount:image-system:other'
    const { stderr } = await refresh(`, clientAuthentication: {method: subject_token, ${id}}`)
    const file = `${sandbox.folder.path}/pull.yaml`
    assert.ok(stderr.trimEnd().endsWith(` with the token: pullpass inspect -f ${file}`), stderr)
    const inspected = await runPullpass(sandbox, ['inspect', '-f', file])
    assert.match(inspected.stdout, /system:serviceaccount:image-system:pullpass/)
    await sandbox.writeToken({ audiences: [cloud.url] })
    const token = sandbox.folder.tokenFile
    const text = documentOf(
      `hosts: [a.example.com], audience: "${cloud.url}", tokenFile: ${token}, oidc: {url: "${cloud.url}/token", username: puller, clientAuthentication: {method: subject_token, ${id}}}`,
    )
    const { stderr: ofFile } = await runPullpass(sandbox, ['refresh', '-f', await sandbox.write('pull.yaml', text)])
    assert.ok(ofFile.trimEnd().endsWith(`: pullpass inspect ${token} -f ${file}`), ofFile)
  })

  test('and a grant that the server does not support is explained by that grant', async (t) => {
    const { refresh } = await start(t)
    const client = `, grant: client_credentials, clientAuthentication: {method: subject_token, ${id}}`
    const { stderr } = await refresh(client)
    assert.match(stderr, /unsupported_grant_type/)
    assert.match(stderr, /fix: .* that the client may use the grant client_credentials \(RFC 6749, section 4\.4\)/)
    assert.doesNotMatch(stderr, /token exchange/)
  })

  test('by a secret that is not read from a token of the API server, or from a Secret for something else', async (t) => {
    const { sandbox, cloud, refresh } = await start(t)
    const data = { token: Buffer.from('api-server-token-0123456789').toString('base64') }
    const metadata = { namespace: 'image-system', name: 'client' }
    cloud.client.method = 'client_secret_post'
    const source = 'clientSecret: {secretRef: {namespace: image-system, name: client, key: token}}'
    const types = [
      'kubernetes.io/service-account-token',
      'bootstrap.kubernetes.io/token',
      'kubernetes.io/tls',
      'a.io/x',
    ]
    for (const type of types) {
      sandbox.cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata, type, data })
      const run = await refresh(`, clientAuthentication: {method: client_secret_post, ${id}, ${source}}`)
      assert.equal(run.exitCode, 1)
      assert.ok(
        run.stderr.startsWith(
          `CREDENTIAL_SOURCE_INVALID (exchange): Secret image-system/client is of type "${type}"; it was not used\n`,
        ),
        run.stderr,
      )
      assert.match(run.stderr, /^ {2}expected a Secret of type kubernetes\.io\/basic-auth or Opaque$/m)
    }
  })

  test('not with a key that cannot be used, whose content is not shown', async (t) => {
    const { sandbox, refresh } = await start(t)
    const small = pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 })).privateKey
    const client = (more = '') =>
      `, clientAuthentication: {method: private_key_jwt, ${id}, privateKey: {file: k}${more}}`
    for (const [content, algorithm, seen] of [
      ['not-a-key-0123456789', '', /the private key of the client cannot be read/],
      [small, '', /the private key of the client is of type rsa/],
      [keys.RSA.privateKey, ', algorithm: ES256', /is of type rsa, which cannot sign ES256/],
    ] as const) {
      await sandbox.write('k', content)
      const { exitCode, stderr } = await refresh(client(algorithm))
      assert.equal(exitCode, 1)
      assert.match(stderr, /^CREDENTIAL_SOURCE_INVALID \(exchange\): /)
      assert.match(stderr, seen)
      assert.doesNotMatch(stderr, /not-a-key|PRIVATE/)
    }
  })
})

suite('a document is refused for', () => {
  const url = 'url: "https://login.example.com/token", username: a'
  const documents: Readonly<Record<string, readonly [registry: string, seen: RegExp]>> = {
    'a token exchange without audience': [`oidc: {${url}}`, /spec\.registries\[0\]\.audience is missing$/],
    'no user name': ['audience: x, oidc: {url: "https://a.example.com"}', /oidc names no user name$/],
    'two user names': [`audience: x, oidc: {${url}, response: {username: a}}`, /oidc names 2 user names/],
    'a parameter of the exchange': [
      `audience: x, oidc: {${url}, parameters: {subject_token: a}}`,
      /parameters\.subject_token is set by the exchange itself$/,
    ],
    'a URL with a user': [
      'audience: x, oidc: {url: "https://a:b@example.com", username: a}',
      /oidc\.url is a credential|oidc\.url /,
    ],
    'plain http': ['audience: x, oidc: {url: "http://example.com/token", username: a}', /oidc\.url is "http:/],
    'a method without its secret': [
      `audience: x, oidc: {${url}, clientAuthentication: {method: client_secret_basic, clientId: a}}`,
      /clientAuthentication\.clientSecret is missing$/,
    ],
    'a grant for which the subject token is not used': [
      `audience: x, oidc: {${url}, grant: client_credentials, clientAuthentication: {method: none, clientId: a}}`,
      /oidc\.grant is client_credentials, without the subject token$/,
    ],
    'a grant without a client': [`audience: x, oidc: {${url}, grant: client_credentials}`, /oidc\.grant is /],
    'a secret in addition to the subject token': [
      `audience: x, oidc: {${url}, clientAuthentication: {method: subject_token, clientId: a, clientSecret: {file: a}}}`,
      /clientSecret has no effect with method subject_token$/,
    ],
    'a secret that the method does not use': [
      `audience: x, oidc: {${url}, clientAuthentication: {method: none, clientId: a, clientSecret: {file: a}}}`,
      /clientSecret has no effect with method none$/,
    ],
    'a secret in the document': [
      `audience: x, oidc: {${url}, clientAuthentication: {method: client_secret_post, clientId: a, clientSecret: secret}}`,
      /clientSecret is a text, not shown$/,
    ],
    'two sources of a secret': [
      `audience: x, oidc: {${url}, clientAuthentication: {method: client_secret_post, clientId: a, clientSecret: {file: a, secretRef: {namespace: a, name: b, key: c}}}}`,
      /clientSecret names 2 sources/,
    ],
    'a place that is not a JSON pointer': [
      `audience: x, oidc: {${url}, response: {password: /a~2}}`,
      /response\.password is a text, not shown$/,
    ],
    'a header that carries a credential': [
      'audience: x, http: {url: "https://a.io", headers: {authorization: a}, token: {in: Bearer}, username: a, response: {password: a}}',
      /headers\.authorization carries a credential/,
    ],
    'a text that looks like a credential': [
      'audience: x, http: {url: "https://a.io", json: {key: ghp_0123456789abcdef0123}, token: {in: Bearer}, username: a, response: {password: a}}',
      /http\.json contains a text that looks like a credential$/,
    ],
    'a place of the token that is taken': [
      'audience: x, http: {url: "https://a.io", json: {jwt: a}, token: {in: Body, name: jwt}, username: a, response: {password: a}}',
      /token\.name is not usable with in: Body$/,
    ],
    'a place of the token below a text': [
      'audience: x, http: {url: "https://a.io", json: {a: b}, token: {in: Body, name: /a/jwt}, username: a, response: {password: a}}',
      /token\.name is not usable with in: Body$/,
    ],
    'a token in a header of HTTP itself': [
      'audience: x, http: {url: "https://a.io", token: {in: Header, name: host}, username: a, response: {password: a}}',
      /token\.name is not usable with in: Header$/,
    ],
    'a body of GET': [
      'audience: x, http: {url: "https://a.io", method: GET, form: {a: b}, token: {in: Bearer}, username: a, response: {password: a}}',
      /http\.method is GET, with a body$/,
    ],
    'a response without a place for the password': [
      'audience: x, http: {url: "https://a.io", token: {in: Bearer}, username: a}',
      /http\.response\.password is missing$/,
    ],
  }
  for (const [title, [registry, seen]] of Object.entries(documents)) {
    test(title, async () => {
      const fault = await faultOf(loadRegistry(`hosts: [a.example.com], ${registry}`))
      assert.equal(fault.code, 'DOCUMENT_INVALID')
      assert.match(fault.seen, seen)
    })
  }
})

suite('a credential in clear text is refused by the name of its field, and never shown', () => {
  const oidc = (parameters: string) =>
    `audience: x, oidc: {url: "https://login.example.com/token", username: a, parameters: {${parameters}}}`
  const http = (fields: string) =>
    `audience: x, http: {url: "https://a.io", ${fields}, token: {in: Bearer}, username: a, response: {password: a}}`
  const httpAt = (url: string, fields: string) => http(fields).replace('https://a.io', url)
  const documents: Readonly<Record<string, readonly [registry: string, expected: RegExp]>> = {
    'client_secret of a client': [oidc('client_secret: hunter2'), /method: client_secret_post and clientSecret: \{/],
    'Client_Secret in other letters': [oidc('Client_Secret: hunter2'), /method: client_secret_post/],
    'client_assertion of a client': [oidc('client_assertion: hunter2'), /method: private_key_jwt and privateKey: \{/],
    'client_id, which has a field of its own': [oidc('client_id: hunter2'), /^clientAuthentication\.clientId$/],
    'a password': [oidc('password: hunter2'), /^no credential in the document/],
    'an actor token': [oidc('actor_token: hunter2'), /^no credential in the document/],
    'a refresh token': [oidc('refresh_token: hunter2'), /^no credential in the document/],
    'an API key': [oidc('api-key: hunter2'), /^no credential in the document/],
    'a token under another name': [oidc('code: ghp_hunter2hunter2hunter2'), /^no credential in the document/],
    'a client secret in a form': [http('form: {clientSecret: hunter2}'), /^no credential in the document/],
    'a password within JSON': [http('json: {user: {password: hunter2}}'), /^no credential in the document/],
    'a header with a key': [http('headers: {x-api-key: hunter2}'), /^another header/],
    'a client secret in the query': [
      httpAt('https://a.io/token?client_secret=hunter2', 'json: {}'),
      /^no credential in the document/,
    ],
    'an API key in the query': [httpAt('https://a.io/?a=b&api_key=hunter2', 'json: {}'), /^no credential in the doc/],
    'one whose name is encoded': [httpAt('https://a.io/?client%5Fsecret=hunter2', 'json: {}'), /^no credential in/],
    'a password in a list': [http('json: {password: [hunter2]}'), /^no credential in the document/],
    'a password in an object': [http('json: {password: {value: hunter2}}'), /^no credential in the document/],
    'a password that is a number': [http('json: {password: 12345678}'), /^no credential in the document/],
    ...Object.fromEntries(
      ['password1', 'secretkey', 'sharedkey', 'sasKey', 'tokens', 'client-secret2', 'pwd', 'pass', 'otp'].map(
        (name) => [`a parameter ${name}`, [oidc(`${name}: hunter2`), /^no credential in the document/] as const],
      ),
    ),
    'a parameter authorization': [oidc('authorization: hunter2'), /^no credential in the document/],
    'a parameter userPass': [oidc('userPass: hunter2'), /^no credential in the document/],
    'a client secret in the place of its source': [
      'audience: x, oidc: {url: "https://a.example.com", username: a, clientAuthentication: {method: client_secret_post, clientId: a, clientSecret: hunter2}}',
      /^an object with some of: secretRef, file$/,
    ],
  }
  for (const [title, [registry, expected]] of Object.entries(documents)) {
    test(title, async () => {
      const fault = await faultOf(loadRegistry(`hosts: [a.example.com], ${registry}`))
      assert.equal(fault.code, 'DOCUMENT_INVALID')
      assert.match(`${fault.expected}`, expected)
      assert.doesNotMatch(JSON.stringify([fault.message, fault.also]), /hunter2/)
    })
  }

  const allowed =
    'requested_token_type: a, token_format: b, passthrough: c, authorization_details: d, tokenType: e, bypass: f, compass: g, client_key_id: h, public_key: i'
  test('names that only describe a credential are sent', async () => {
    for (const registry of [
      oidc(allowed),
      http(`json: {${allowed}, refresh_token: false, token: {}}`),
      http(`form: {${allowed}}`),
      httpAt('https://a.io/?requested_token_type=a&token_format=b&passthrough=c&authorization_details=d', 'json: {}'),
    ]) {
      await loadRegistry(`hosts: [a.example.com], ${registry}`)
    }
  })

  test('parameters with names of inherited properties are sent', async () => {
    const { settings } = await loadRegistry(`hosts: [a.example.com], ${oidc('constructor: a, valueOf: b')}`)
    assert.deepEqual(Object(settings).parameters, { constructor: 'a', valueOf: 'b' })
  })

  for (const [title, registry] of Object.entries({
    'a parameter': oidc('__proto__: a'),
    'a header': http('headers: {__proto__: a}'),
    'a field of JSON': http('json: {__proto__: a}'),
    'a deeper field of JSON': http('json: {a: [{__proto__: {b: c}}]}'),
    'a field of a form': http('form: {__proto__: a}'),
  })) {
    test(`${title} of the name __proto__ is refused, and not omitted`, async () => {
      const fault = await faultOf(loadRegistry(`hosts: [a.example.com], ${registry}`))
      assert.equal(fault.code, 'DOCUMENT_INVALID')
      assert.match(fault.seen, /\.__proto__ is not a valid key$/)
    })
  }

  test('other parameters, such as the types of tokens, are sent', async () => {
    const parameters = 'subject_token_type: a, requested_token_type: b, actor_token_type: c, resource: d, scope: e'
    assert.equal((await loadRegistry(`hosts: [a.example.com], ${oidc(parameters)}`)).vendor, 'oidc')
  })
})
