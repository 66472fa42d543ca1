import { suite } from 'node:test'
import { refusesEach } from './load-text.ts'
import { vendorFields } from './smallest-document.ts'

suite('a document is refused for', () => {
  refusesEach({
    'an unknown field, with the nearest known one': [
      'spec:\n',
      'spec:\n  secretname: x\n',
      '-:5:3: spec.secretname is not a known field',
      '"secretName"',
    ],
    'an unknown field that is like no other': [
      'metadata: {name: regcred}',
      'metadata: {name: regcred, xyzzy: 1}',
      '-:3:27: metadata.xyzzy is not a known field',
      'one of: name, labels, annotations',
    ],
    'a field of another kind': [
      'metadata: {name: regcred}',
      'metadata: {name: regcred, namespace: a}',
      '-:3:27: metadata.namespace is not a known field',
      'one of: name, labels, annotations',
    ],
    'another kind': [
      'kind: ClusterPullSecret',
      'kind: Deployment',
      '-:2:7: kind is "Deployment"',
      'ClusterPullSecret or PullSecret',
    ],
    'a list of kubectl': [
      'kind: ClusterPullSecret',
      'kind: List',
      '-:2:7: kind is "List"',
      'ClusterPullSecret or PullSecret: each item of the list as a document of its own',
    ],
    'another version': ['v1alpha1', 'v2', '-:1:13: apiVersion is "pullpass.dev/v2"', 'one of: pullpass.dev/v1alpha1'],
    'no object at all': [
      /^[\s\S]*$/,
      '- a\n',
      '-:1:1: the document is a list',
      'an object of kind ClusterPullSecret or PullSecret',
    ],
    'one host in place of a list': [
      '[europe-docker.pkg.dev]',
      'europe-docker.pkg.dev',
      '-:8:14: spec.registries[0].hosts is "europe-docker.pkg.dev"',
      'a list, such as [europe-docker.pkg.dev]',
    ],
    'a missing field': [
      'metadata: {name: regcred}',
      'metadata: {}',
      '-:3:1: metadata.name is missing',
      'lower-case letters, digits, "-" and ".", each part beginning and ending with a letter or digit',
    ],
    'an empty field': [
      /namespaces: .*/,
      'namespaces:',
      '-:5:3: spec.namespaces is empty',
      'an object with some of: include, exclude, selector, emptyPolicy',
    ],
    'an empty object that has required fields': [
      /registries:[\s\S]*/,
      'registries: [{name: quay, hosts: [quay.io], quay: }]\n',
      '-:6:47: spec.registries[0].quay is empty',
      'an object with robot',
    ],
    'a missing list of texts': [
      /^ *hosts: .*\n/m,
      '',
      '-:7:7: spec.registries[0].hosts is missing',
      'a list, each item host[:port][/path/] in lower case, such as europe-docker.pkg.dev',
    ],
    'a missing list of objects': [
      / *registries:[\s\S]*/,
      '',
      '-:4:1: spec.registries is missing',
      'a list, each item an object with name, hosts and one vendor: {name: NAME, hosts: [HOST], VENDOR: {…}}',
    ],
    'an empty list that is required': [
      '[europe-docker.pkg.dev]',
      '[]',
      '-:8:7: spec.registries[0].hosts is an empty list',
      'at least one item',
    ],
    'a number for a text': [
      'name: google',
      'name: 5',
      '-:7:13: spec.registries[0].name is 5',
      'lower-case letters, digits and "-", beginning and ending with a letter or digit',
    ],
    'an empty list': [
      '[default]',
      '[]',
      '-:5:16: spec.namespaces.include is an empty list',
      'at least one item, or omit the field',
    ],
    'a bad label': [
      'metadata: {name: regcred}',
      'metadata: {name: regcred, labels: {a b: c}}',
      '-:3:36: metadata.labels["a b"] is not a valid key',
      'a label\'s key: an optional DNS prefix and "/", then up to 63 letters, digits, "-", "_" and "."',
    ],
    'a bad glob': [
      '[default]',
      '["team-[ab]"]',
      '-:5:26: spec.namespaces.include[0] is "team-[ab]"',
      'a namespace, or a glob of lower-case letters, digits, "-", "*" (any characters) and "?" (one)',
    ],
    'a glob of system namespaces': [
      '[default]',
      '["kube-*"]',
      '-:5:26: spec.namespaces.include[0] is "kube-*"',
      'the exact name: a glob does not select namespaces kube-*',
    ],
    'a namespace that cannot exist': [
      '[default]',
      '[Default]',
      '-:5:26: spec.namespaces.include[0] is "Default"',
      'a namespace, or a glob of lower-case letters, digits, "-", "*" (any characters) and "?" (one)',
    ],
    'a Secret that cannot exist': [
      'spec:\n',
      'spec:\n  secretName: my_secret\n',
      '-:5:15: spec.secretName is "my_secret"',
      'lower-case letters, digits, "-" and ".", each part beginning and ending with a letter or digit',
    ],
    'a host with a scheme': [
      '[europe-docker.pkg.dev]',
      '["https://europe-docker.pkg.dev"]',
      '-:8:15: spec.registries[0].hosts[0] is "https://europe-docker.pkg.dev"',
      'the host without a scheme: europe-docker.pkg.dev',
    ],
    'a provider that is not known': [
      'gcp: {',
      'acme: {account: x}\n      gcp: {',
      '-:9:7: spec.registries[0].acme is not a known field',
      `one of: name, hosts, audience, hostPolicy, tokenFile, ${vendorFields}`,
    ],
  })
})
