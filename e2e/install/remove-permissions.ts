/** Removes each permission of an installation, one at a time: a verb on a name in a namespace. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { PullpassRun } from '../../test/support/run-pullpass.ts'
import { waitUntil } from '../parts/process/wait-until.ts'
import type { Installation, PrintedObject, Rule } from './install.ts'
import type { InstallSetup } from './start-install-setup.ts'

export interface PermissionRemoval {
  readonly setup: Pick<InstallSetup, 'admin'>
  readonly installation: Pick<Installation, 'objects'> & {
    /** One run of the installation: code 1 and its errors if something failed. */
    readonly refresh: () => Promise<Pick<PullpassRun, 'exitCode' | 'stderr'>>
  }
  /** The user name at the API server. */
  readonly user: string
  /** Removes what earlier runs wrote, so that the next run needs all permissions. */
  readonly reset: () => Promise<void>
  /** Absent: all rules. */
  readonly rules?: (rule: Rule) => boolean
}

/** A subtest for each permission: without it the CronJob's run fails, and its error states what to grant. */
export async function assertEachPermissionNeeded(
  t: TestContext,
  { setup, installation, user, reset, rules = () => true }: PermissionRemoval,
): Promise<void> {
  for (const { title, rule, remove } of grantsOf(installation.objects, rules)) {
    await t.test(title, async () => {
      const restore = await remove(setup, user)
      await reset()
      const { exitCode, stderr } = await installation.refresh()
      await restore()
      assert.equal(exitCode, 1)
      assert.ok(stderr.includes(rule), stderr)
    })
  }
}

interface Grant {
  /** `list secrets regcred in team-a` */
  readonly title: string
  /** The rule that grants only this permission, in the format of an error's fix. */
  readonly rule: string
  /** Resolves when the removal is effective, to a function that restores it. */
  readonly remove: (setup: Pick<InstallSetup, 'admin'>, user: string) => Promise<() => Promise<void>>
}

/** Of roles with a binding: others are for people. */
const grantsOf = (objects: readonly PrintedObject[], isRemoved: (rule: Rule) => boolean): Grant[] =>
  objects
    .filter(({ kind, metadata: { name } }) =>
      objects.some((one) => one.kind === `${kind}Binding` && one.metadata.name === name),
    )
    .flatMap((role) => (role.rules ?? []).filter(isRemoved).flatMap((rule) => grantsOfRule(role, rule)))

function grantsOfRule(role: PrintedObject, rule: Rule): Grant[] {
  const { namespace } = role.metadata
  const [resource = ''] = rule.resources
  const [group = ''] = rule.apiGroups
  return rule.verbs.flatMap((verb) =>
    (rule.resourceNames ?? [undefined]).map((name): Grant => {
      const access = { verb, group, resource, name, namespace }
      const names = name === undefined ? '' : `, resourceNames: [${name}]`
      return {
        title: `${verb} ${resource} ${name ?? ''} in ${namespace ?? 'the cluster'}`,
        rule: `{apiGroups: [${group || '""'}], resources: [${resource}]${names}, verbs: [${verb}]}`,
        async remove(setup, user) {
          await setRules(setup, role, without(role, rule, access))
          await waitUntilAllowed(setup, user, access, false)
          return async () => {
            await setRules(setup, role, role.rules ?? [])
            await waitUntilAllowed(setup, user, access, true)
          }
        },
      }
    }),
  )
}

interface Access {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly name: string | undefined
  readonly namespace: string | undefined
}

/** The rules of the role without this verb on this name. */
function without({ rules = [] }: PrintedObject, weakened: Rule, { verb, name }: Access): Rule[] {
  const otherNames = weakened.resourceNames?.filter((other) => other !== name) ?? []
  return [
    ...rules.filter((rule) => rule !== weakened),
    { ...weakened, verbs: weakened.verbs.filter((other) => other !== verb) },
    ...(otherNames.length > 0 ? [{ ...weakened, resourceNames: otherNames, verbs: [verb] }] : []),
  ].filter(({ verbs }) => verbs.length > 0)
}

function setRules({ admin }: Pick<InstallSetup, 'admin'>, { kind, metadata }: PrintedObject, rules: readonly Rule[]) {
  const scope = metadata.namespace === undefined ? '' : `namespaces/${metadata.namespace}/`
  return admin({
    method: 'PATCH',
    path: `/apis/rbac.authorization.k8s.io/v1/${scope}${kind.toLowerCase()}s/${metadata.name}`,
    contentType: 'application/merge-patch+json',
    body: { rules },
  })
}

/** The API server's authorizer loads changes asynchronously by a watch. */
async function waitUntilAllowed(
  { admin }: Pick<InstallSetup, 'admin'>,
  user: string,
  access: Access,
  expected: boolean,
): Promise<void> {
  const [resource, subresource] = access.resource.split('/')
  await waitUntil(`the permission to ${access.verb} ${access.resource} to be ${expected}`, 10_000, async () => {
    const { body } = await admin({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      body: { spec: { user, resourceAttributes: { ...access, resource, subresource } } },
    })
    const { status }: { status: { allowed: boolean } } = JSON.parse(body)
    return status.allowed === expected || undefined
  })
}
