import { suite } from 'node:test'
import { refusesEach } from './load-text.ts'
import { oneVendor, provider } from './smallest-document.ts'

const manyNames = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`).join(', ')

suite('a document is refused for', () => {
  refusesEach({
    'neither include nor selector': [
      '{include: [default]}',
      '{exclude: [default]}',
      '-:5:3: spec.namespaces has neither include nor selector',
      'include, selector or both; for every namespace: include: ["*"]',
    ],
    'a field that is indented too little': [
      'namespaces: {include: [default]}',
      'namespaces: {exclude: [kube-x]}\n  include: [default]',
      '-:6:3: spec.include is not a known field',
      'it as a field of spec.namespaces, indented below it',
    ],
    'more globs than 100': [
      '{include: [default]}',
      `{include: [${manyNames('team', 101)}], exclude: [${manyNames('x*', 101)}]}`,
      '-:5:927: spec.namespaces.exclude is a list',
      'at most 100 globs',
    ],
    'a selector that chooses everything': [
      '{include: [default]}',
      '{selector: {}}',
      '-:5:16: spec.namespaces.selector is empty and would select every namespace',
      'matchLabels or matchExpressions; for every namespace: include: ["*"]',
    ],
    'an operator without its values': [
      '{include: [default]}',
      '{selector: {matchExpressions: [{key: a, operator: In}]}}',
      '-:5:46: spec.namespaces.selector.matchExpressions[0] has operator In and no values',
      'at least one value',
    ],
    'values for an operator that takes none': [
      '{include: [default]}',
      '{selector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}',
      '-:5:73: spec.namespaces.selector.matchExpressions[0].values is given with operator Exists',
      'no such field: only In and NotIn compare values',
    ],
    'a host given twice': [
      '[europe-docker.pkg.dev]',
      '[gcr.io, gcr.io]',
      '-:8:23: spec.registries[0].hosts[1] is "gcr.io", as spec.registries[0].hosts[0]',
      'each host once, since a host has one credential',
    ],
    'no provider': [/ {6}gcp: .*\n/, '', '-:7:7: spec.registries[0] names no vendor', oneVendor],
    'two registries of one name': [
      /$/,
      `    - {name: google, hosts: [gcr.io], gcp: {workloadIdentityProvider: ${provider}}}\n`,
      '-:10:14: spec.registries[1].name is "google", as spec.registries[0].name',
      'a unique name',
    ],
    'one host in two registries': [
      /$/,
      `    - {name: other, hosts: [europe-docker.pkg.dev], gcp: {workloadIdentityProvider: ${provider}}}\n`,
      '-:10:29: spec.registries[1].hosts[0] is "europe-docker.pkg.dev", as spec.registries[0].hosts[0]',
      'each host once, since a host has one credential',
    ],
  })
})
