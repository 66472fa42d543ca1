/**
 * Registries and repositories, with their access bindings. https://github.com/yandex-cloud/cloudapi:
 * containerregistry/v1/registry_service.proto, repository_service.proto, access/access.proto
 */
import type { SandboxResponse } from '../serve/handler.ts'
import { type ApiCall, invalid, listPage, notFound, textOf } from './api.ts'
import type { Binding, Place } from './cloud-state.ts'
import type { IamApiNeeds } from './iam-api.ts'

const base = '/container-registry/v1'
const single = new RegExp(`^${base}/(registries|repositories)/([^/:]+)(?::(listAccessBindings|updateAccessBindings))?$`)
const kinds = { registries: 'registry', repositories: 'repository' } as const

export const containerRegistryApi =
  ({ state, operations }: IamApiNeeds) =>
  (call: ApiCall): SandboxResponse | undefined => {
    const { method, path, query, fields, refusal } = call
    if (method === 'GET' && path === `${base}/repositories`) {
      const registryId = query.get('registryId') ?? ''
      if (state.places.get(registryId)?.kind !== 'registry') return notFound(`Registry ${registryId}`)
      const all = [...state.places.values()].filter(
        ({ kind, name }) => kind === 'repository' && name.startsWith(`${registryId}/`),
      )
      const denied = refusal('container-registry.get', `registry ${registryId}`)
      const items = all.map(({ id, name }) => ({ id, name }))
      return denied ?? listPage('repositories', items, query)
    }
    const [, plural = '', id = '', action] = single.exec(path) ?? []
    if (plural !== 'registries' && plural !== 'repositories') return undefined
    const place = state.places.get(id)
    if (place?.kind !== kinds[plural]) return notFound(`${kinds[plural]} ${id}`)
    const where = `${place.kind} ${id}`
    if (method === 'GET' && action === undefined) {
      const { folderId, name } = place
      return refusal('container-registry.get', where) ?? { status: 200, body: { id, folderId, name, status: 'ACTIVE' } }
    }
    if (method === 'GET' && action === 'listAccessBindings') {
      const denied = refusal('container-registry.listAccessBindings', where)
      return denied ?? listPage('accessBindings', place.bindings, query)
    }
    if (method !== 'POST' || action !== 'updateAccessBindings') return undefined
    const denied = refusal('container-registry.updateAccessBindings', where)
    if (denied !== undefined) return denied
    const deltas = readDeltas(fields['accessBindingDeltas'])
    if (deltas === undefined) return invalid('access_binding_deltas')
    for (const delta of deltas) change(place, delta)
    return operations.start('Update access bindings', {})
  }

interface Delta {
  readonly action: string
  readonly binding: Binding
}

function readDeltas(value: unknown): Delta[] | undefined {
  if (!Array.isArray(value) || value.length < 1 || value.length > 1000) return undefined
  const deltas = value.map((one: unknown): Delta => {
    const { action, accessBinding } = Object(one)
    const { roleId, subject } = Object(accessBinding)
    const { id, type } = Object(subject)
    return {
      action: textOf(action),
      binding: { roleId: textOf(roleId), subject: { id: textOf(id), type: textOf(type) } },
    }
  })
  const isValid = ({ action, binding: { roleId, subject } }: Delta) =>
    (action === 'ADD' || action === 'REMOVE') && roleId !== '' && subject.id !== '' && subject.type !== ''
  return deltas.every(isValid) ? deltas : undefined
}

function change(place: Place, { action, binding }: Delta): void {
  const key = ({ roleId, subject }: Binding) => `${roleId} ${subject.type} ${subject.id}`
  const others = place.bindings.filter((one) => key(one) !== key(binding))
  place.bindings = action === 'ADD' ? [...others, binding] : others
}
