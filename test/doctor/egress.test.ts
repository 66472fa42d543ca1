import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { explainEgress } from '../../src/doctor/egress.ts'
import { failedBy } from '../../src/doctor/finding.ts'
import type { PullpassError } from '../../src/errors/pullpass-error.ts'
import { transportError } from '../../src/http/request-errors.ts'
import { ConnectionStalled } from '../../src/kubernetes/connection/connection.ts'
import { unreachable } from '../../src/kubernetes/connection/response.ts'

const inPod = { KUBERNETES_SERVICE_HOST: '10.0.0.1' }
const systemError = (code: string) => Object.assign(new Error(code), { code })
const apiServer = (error: Error) => unreachable(new URL('https://10.0.0.1:443'), error)
const cloud = (error: Error, timedOut?: string) =>
  transportError({ hop: 'exchange', service: 'Google', url: 'https://sts.googleapis.com/v1/token' }, timedOut, error)

const words = (hop: 'cluster' | 'exchange', fault: PullpassError, environment: Record<string, string> = inPod) =>
  explainEgress([failedBy(hop, 'it', fault)], environment)[0]?.remedy?.words ?? ''

suite('doctor in a Pod whose egress is blocked', () => {
  const blocked: Record<string, [hop: 'cluster' | 'exchange', fault: PullpassError, must: RegExp]> = {
    'to the API server': [
      'cluster',
      apiServer(new ConnectionStalled(30_000)),
      /it must allow the ports of EndpointSlice kubernetes/,
    ],
    'to the API server, by the system’s own time': [
      'cluster',
      apiServer(systemError('ETIMEDOUT')),
      /pullpass manifests with --api-server-port PORT/,
    ],
    'to a cloud': ['exchange', cloud(new Error('aborted'), 'did not respond within 10 s'), /it must allow TCP 443;/],
    'to DNS': ['exchange', cloud(systemError('EAI_AGAIN')), /it must allow UDP and TCP 53 and 5353 for DNS/],
  }
  for (const [title, [hop, fault, must]] of Object.entries(blocked)) {
    test(`${title}, names the NetworkPolicy and what it must allow`, () => {
      assert.match(
        words(hop, fault),
        /^a NetworkPolicy of this Pod is the likely cause, since blocked connections time out/,
      )
      assert.match(words(hop, fault), must)
      assert.match(words(hop, fault), /or --no-network-policy prints none/)
    })
  }

  test('to the proxy, names the variable that names it', () => {
    const environment = { ...inPod, HTTPS_PROXY: 'http://proxy.example.com:3128' }
    const fault = cloud(new Error('aborted'), 'did not respond within 10 s')
    assert.match(words('exchange', fault, environment), /the port of the proxy that HTTPS_PROXY names/)
  })

  const others: Record<string, PullpassError> = {
    'a connection that was refused': apiServer(systemError('ECONNREFUSED')),
    'a name that does not exist': apiServer(systemError('ENOTFOUND')),
    'a reset connection': cloud(systemError('ECONNRESET')),
  }
  for (const [title, fault] of Object.entries(others)) {
    test(`blames no NetworkPolicy for ${title}`, () => assert.doesNotMatch(words('cluster', fault), /NetworkPolicy/))
  }

  test('outside of a Pod blames none either', () => {
    assert.doesNotMatch(words('cluster', apiServer(new ConnectionStalled(30_000)), {}), /NetworkPolicy/)
  })
})
