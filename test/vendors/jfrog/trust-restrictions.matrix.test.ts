import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { apply, subject } from '../trust-runs.ts'
import { add, applyFirst, changeMapping, integrate, other, start, type TrustTest } from './start-trust.ts'

/** What exists, and what `trust apply` then reports; `leaves`: what exists then. */
interface Case {
  readonly plant: (started: TrustTest) => void | Promise<void>
  readonly exitCode: 0 | 1
  readonly reports: RegExp
  readonly flags?: readonly string[]
  readonly leaves?: (started: TrustTest) => void
}

const admin = 'applied-permissions/admin'
const ungranted = ({ permissions }: TrustTest) => assert.deepEqual(permissions(), [])

function actAsUserFromElsewhere({ jfrog }: TrustTest): void {
  jfrog.state.integrations.set('second', {
    name: 'second',
    issuer_url: 'https://other.example.com',
    provider_type: 'Generic OpenID Connect',
  })
  add({ jfrog }, other({ provider_name: 'second', claims: { sub: subject }, token_spec: { username: 'puller' } }))
}

const cases: Readonly<Record<string, Case>> = {
  'a mapping of all tokens that comes first is refused, and nothing is granted': {
    plant: (started) => {
      integrate(started)
      add(started, other({ token_spec: { username: 'puller', scope: admin } }))
    },
    exitCode: 1,
    reports:
      /^TRUST_REFUSED \(trust\): mapping other with priority 1 also accepts system:serviceaccount:image-system:pullpass, as applied-permissions\/admin$/m,
    leaves: ungranted,
  },
  'also one whose subject has a wildcard, in a list': {
    plant: (started) => {
      integrate(started)
      add(started, other({ claims: { sub: ['x', 'system:serviceaccount:image-system:*'] } }))
    },
    exitCode: 1,
    reports: /^TRUST_REFUSED \(trust\): mapping other with priority 1 also accepts /m,
    leaves: ungranted,
  },
  'also one that depends on further claims': {
    plant: (started) => {
      integrate(started)
      add(started, other({ claims: { sub: subject, 'kubernetes.io': 'x' } }))
    },
    exitCode: 1,
    reports: /^TRUST_REFUSED \(trust\): mapping other with priority 1 also accepts /m,
    leaves: ungranted,
  },
  'also one of a project, which comes before all others': {
    plant: (started) => {
      integrate(started)
      add(started, other({ priority: 9, project_key: 'team' }))
    },
    exitCode: 1,
    reports: /^TRUST_REFUSED \(trust\): mapping other of project team also accepts /m,
    leaves: ungranted,
  },
  'a mapping of all tokens that comes last is reported': {
    plant: (started) => {
      integrate(started)
      add(started, other({ priority: 9, claims: { iss: started.sandbox.cluster.issuer } }))
    },
    exitCode: 0,
    reports: /mapping other with priority 9 also accepts every token of the issuer, as user guest/,
  },
  'one of other tokens is not': {
    plant: (started) => {
      integrate(started)
      add(started, other({ claims: { sub: 'system:serviceaccount:ci:*' } }))
      add(started, other({ name: 'ci', claims: { repository: 'acme/app' } }))
      add(started, other({ name: 'audience', claims: { sub: subject, aud: 'https://other.example.com' } }))
    },
    exitCode: 0,
    reports: /^(?!.*also accepts)/s,
    leaves: ({ mappings }) => assert.equal(mappings().length, 4),
  },
  'the same user by a mapping that accepts every audience is not relied on': {
    plant: (started) => {
      integrate(started)
      add(started, other({ claims: { sub: subject }, token_spec: { username: 'puller', scope: '' } }))
    },
    exitCode: 0,
    reports: /mapping other with priority 1 also accepts system:serviceaccount:image-system:pullpass, as user puller/,
    leaves: ({ mappings }) => assert.equal(mappings().length, 2),
  },
  'the lifetime of a mapping of another owner is kept': {
    plant: async (started) => {
      await started.jfrog.trust(started.sandbox.cluster.issuer)
      started.jfrog.settings.lifeSeconds = 60
    },
    exitCode: 1,
    reports: /^TRUST_REFUSED \(trust\): mapping pullpass issues tokens for 60 s$/m,
    leaves: ({ jfrog }) => assert.equal(jfrog.settings.lifeSeconds, 60),
  },
  'unless --replace lifetime is given, and then all other fields stay': {
    plant: async (started) => {
      await started.jfrog.trust(started.sandbox.cluster.issuer)
      started.jfrog.settings.lifeSeconds = 60
    },
    exitCode: 0,
    flags: ['--replace', 'lifetime'],
    reports: /update mapping pullpass of cluster: tokens for 3600 s, instead of 60 s/,
    leaves: ({ jfrog, mappings }) =>
      assert.deepEqual(mappings(), [
        {
          name: 'pullpass',
          provider_name: 'cluster',
          priority: 1,
          claims: { sub: subject, aud: jfrog.url },
          token_spec: { username: 'puller', scope: 'applied-permissions/user', audience: '*@*', expires_in: 3600 },
        },
      ]),
  },
  'its own mapping is restored, and keeps the services of its tokens': {
    plant: async (started) => {
      await applyFirst(started)
      changeMapping(started, () => ({
        priority: 4,
        description: '',
        claims: { sub: '*' },
        token_spec: { username: 'guest', scope: 'applied-permissions/user', audience: '*@*', expires_in: 90_000 },
      }))
    },
    exitCode: 0,
    reports:
      /update mapping pullpass-\S+ of cluster: accepts exactly system:serviceaccount:image-system:pullpass with audience \S+, instead of \*, acts as user puller, instead of user guest, tokens for 3600 s, instead of 90000 s, priority 1, the mark of the cluster$/m,
    leaves: ({ sandbox, jfrog, mappings }) =>
      assert.deepEqual(
        mappings().map(({ priority, claims, token_spec }) => [priority, claims, token_spec]),
        [
          [
            1,
            { aud: jfrog.url, iss: sandbox.cluster.issuer, sub: subject },
            { username: 'puller', scope: 'applied-permissions/user', audience: '*@*', expires_in: 3600 },
          ],
        ],
      ),
  },
  'a former subject of pullpass is reported': {
    plant: async (started) => {
      await applyFirst(started)
      const [own] = started.mappings()
      if (own)
        add(started, {
          ...own,
          name: own.name.replace(/.{4}$/, '0000'),
          claims: { ...own.claims, sub: 'system:serviceaccount:ci:deployer' },
        })
    },
    exitCode: 0,
    reports:
      /mapping pullpass-\S+0000 still accepts system:serviceaccount:ci:deployer, which these documents do not use: /,
    leaves: ({ mappings }) => assert.equal(mappings().length, 2),
  },
  'and removed with --replace subjects, and no mapping of others': {
    plant: async (started) => {
      await applyFirst(started)
      const [own] = started.mappings()
      if (own)
        add(started, {
          ...own,
          name: own.name.replace(/.{4}$/, '0000'),
          claims: { ...own.claims, sub: 'system:serviceaccount:ci:deployer' },
        })
      add(started, other({ claims: { sub: 'repo:acme/app' } }))
    },
    exitCode: 0,
    flags: ['--replace', 'subjects'],
    reports: /delete mapping pullpass-\S+0000 of cluster: system:serviceaccount:ci:deployer$/m,
    leaves: ({ mappings }) =>
      assert.deepEqual(
        mappings().map(({ claims }) => claims['sub']),
        [subject, 'repo:acme/app'],
      ),
  },
  'what others added to its own permission is removed': {
    plant: async (started) => {
      await applyFirst(started)
      for (const { name } of started.permissions()) {
        const actions = { users: { puller: ['READ', 'WRITE'], guest: ['READ'] }, groups: {} }
        const all = { include_patterns: ['**'], exclude_patterns: [] }
        started.jfrog.state.permissions.set(name, {
          name,
          resources: { artifact: { actions, targets: { 'example-project': all, more: all } } },
        })
      }
    },
    exitCode: 0,
    reports:
      /update permission pullpass-\S+: only user puller may only read example-project; it permits user puller \(READ, WRITE\), user guest \(READ\) now$/m,
    leaves: ({ permissions }) =>
      assert.deepEqual(permissions()[0]?.resources['artifact']?.actions.users, { puller: ['READ'] }),
  },
  'an integration of another issuer is refused': {
    plant: (started) => {
      integrate(started)
      started.jfrog.trusted.issuer = 'https://other.example.com'
    },
    exitCode: 1,
    reports: /^TRUST_REFUSED \(trust\): integration cluster has the issuer https:\/\/other\.example\.com$/m,
    leaves: (started) => {
      assert.deepEqual(started.mappings(), [])
      ungranted(started)
    },
  },
  'and stays so with --replace issuer, since pullpass did not create it': {
    plant: (started) => {
      integrate(started)
      started.jfrog.trusted.issuer = 'https://other.example.com'
    },
    exitCode: 1,
    flags: ['--replace', 'issuer'],
    reports: /^TRUST_REFUSED \(trust\): integration cluster has the issuer https:\/\/other\.example\.com$/m,
    leaves: ({ integrations }) => assert.equal(integrations()[0]?.issuer_url, 'https://other.example.com'),
  },
  'also one that expects another issuer in tokens': {
    plant: (started) => {
      integrate(started)
      const [found] = started.integrations()
      if (found)
        started.jfrog.state.integrations.set('cluster', { ...found, token_issuer: 'https://other.example.com' })
    },
    exitCode: 1,
    reports: /^TRUST_REFUSED \(trust\): integration cluster has the issuer https:\/\/other\.example\.com$/m,
    leaves: ungranted,
  },
  'its own gets the issuer of the cluster again with --replace issuer': {
    plant: async (started) => {
      await applyFirst(started)
      started.jfrog.trusted.issuer = 'https://other.example.com'
    },
    exitCode: 0,
    flags: ['--replace', 'issuer'],
    reports: /update integration cluster: issuer https:\/\/127/,
    leaves: ({ sandbox, integrations }) => assert.equal(integrations()[0]?.issuer_url, sandbox.cluster.issuer),
  },
  'an integration of a project is refused': {
    plant: (started) => {
      integrate(started)
      const [found] = started.integrations()
      if (found) started.jfrog.state.integrations.set('cluster', { ...found, project_key: 'team' })
    },
    exitCode: 1,
    reports: /^TRUST_REFUSED \(trust\): integration cluster belongs to project team$/m,
    leaves: ungranted,
  },
  'a user that does not exist is refused': {
    plant: ({ jfrog }) => jfrog.state.users.clear(),
    exitCode: 1,
    reports: /^TRUST_REFUSED \(trust\): user puller does not exist$/m,
    leaves: ungranted,
  },
  'an administrator is refused': {
    plant: ({ jfrog }) => void jfrog.state.users.set('puller', { admin: true, status: 'enabled', groups: [] }),
    exitCode: 1,
    reports: /^TRUST_REFUSED \(trust\): user puller has the permissions of an administrator$/m,
    leaves: (started) => {
      assert.deepEqual(started.mappings(), [])
      ungranted(started)
    },
  },
  'a disabled user is refused': {
    plant: ({ jfrog }) => void jfrog.state.users.set('puller', { admin: false, status: 'disabled', groups: [] }),
    exitCode: 1,
    reports: /^TRUST_REFUSED \(trust\): user puller is disabled$/m,
    leaves: ungranted,
  },
  'groups of the user, and a remote repository, are reported': {
    plant: ({ jfrog }) => {
      jfrog.state.users.set('puller', { admin: false, status: 'enabled', groups: ['readers'] })
      jfrog.state.repositories.set('example-project', { rclass: 'remote' })
    },
    exitCode: 0,
    reports:
      /it has the permissions of the groups readers too[\s\S]*example-project is a remote repository: only images in its cache can be read/,
  },
  'a virtual repository is refused': {
    plant: ({ jfrog }) =>
      void jfrog.state.repositories.set('example-project', {
        rclass: 'virtual',
        repositories: ['a-local', 'b-remote'],
      }),
    exitCode: 1,
    reports: /^TRUST_REFUSED \(trust\): repository example-project is a virtual one, .*\n.*\n.*: a-local, b-remote$/m,
    leaves: ungranted,
  },
  'another cluster that acts as the user is refused': {
    plant: actAsUserFromElsewhere,
    exitCode: 1,
    reports:
      /^TRUST_DOMAIN_SHARED \(trust\): users\/puller is used by another cluster: system:serviceaccount:image-system:pullpass of another cluster \(issuer https:\/\/other\.example\.com\) signs in as it$/m,
    leaves: ungranted,
  },
  'unless that is accepted': {
    plant: actAsUserFromElsewhere,
    exitCode: 0,
    flags: ['--share-trust-domain'],
    reports: /shared by clusters: system:serviceaccount:image-system:pullpass of another cluster/,
  },
  'an integration whose name is a path is not read': {
    plant: ({ jfrog }) => {
      const name = '../../v2/users/puller'
      const more = { issuer_url: 'https://other.example.com', provider_type: 'Generic OpenID Connect' }
      jfrog.state.integrations.set(name, { name, ...more })
    },
    exitCode: 0,
    reports: /^granted +permission /m,
    leaves: ({ jfrog }) =>
      assert.ok(!jfrog.parts.tokens.seen.some(({ path }) => path.endsWith('/users/puller/identity_mappings'))),
  },
  'a CI job that acts as the user is reported': {
    plant: ({ jfrog }) => {
      jfrog.state.integrations.set('github', {
        name: 'github',
        issuer_url: 'https://token.actions.githubusercontent.com',
        provider_type: 'GitHub',
      })
      add(
        { jfrog },
        other({ provider_name: 'github', claims: { sub: 'repo:acme/app' }, token_spec: { username: 'puller' } }),
      )
    },
    exitCode: 0,
    reports: /repo:acme\/app of https:\/\/token\.actions\.githubusercontent\.com also acts as it/,
  },
  'a token that JFrog refuses': {
    plant: ({ jfrog }) => {
      jfrog.operator.state = 'revoked'
    },
    exitCode: 1,
    reports:
      /^TRUST_DENIED \(trust\): JFrog responded with 401 "Invalid token"\n.*is of another platform, has expired or was revoked: create a new one, and set it: read -rs JFROG_ACCESS_TOKEN && export JFROG_ACCESS_TOKEN$/m,
  },
  'a token of a user that is no administrator': {
    plant: ({ jfrog }) => {
      jfrog.operator.state = 'another user'
    },
    exitCode: 1,
    reports:
      /^TRUST_DENIED \(trust\): JFrog responded with 403 "Forbidden"\n +expected the token of an administrator of the platform$/m,
  },
}

suite('trust at JFrog:', () => {
  test('what exists', async (t) => {
    const started = await start(t)
    const { jfrog, run, reset } = started
    const before = {
      users: [...jfrog.state.users],
      repositories: [...jfrog.state.repositories],
    }
    for (const [title, { plant, exitCode, reports, flags = [], leaves }] of Object.entries(cases)) {
      await t.test(title, async () => {
        reset()
        for (const [name, user] of before.users) jfrog.state.users.set(name, user)
        for (const [key, repository] of before.repositories) jfrog.state.repositories.set(key, repository)
        await plant(started)
        const applied = await run([...apply, '--no-verify', ...flags])
        assert.equal(applied.exitCode, exitCode, applied.stderr + applied.stdout)
        assert.match(applied.stderr + applied.stdout, reports)
        leaves?.(started)
      })
    }
  })
})
