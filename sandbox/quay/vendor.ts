/** Quay: an organization with a robot and a repository, its API for operators, and robot federation. https://docs.quay.io/glossary/robot-accounts.html */
import { randomBytes } from 'node:crypto'
import type { FederatedSandbox } from '../issuer/federated-service.ts'
import type { SandboxHandler } from '../serve/handler.ts'
import type { SandboxContext, SandboxVendor } from '../vendor.ts'
import { createOperator, type Operator, organizationApi } from './organization-api.ts'
import { robotToken } from './robot-tokens.ts'
import { createRobot, deleteRobot, type FederationEntry, type QuayState } from './state.ts'

export interface QuaySandbox extends FederatedSandbox {
  readonly state: QuayState
  readonly operator: Operator
  /** The robot that `trust` sets up. */
  readonly robot: string
  /** The repository that it may read then, without the host of the registry. */
  readonly repository: string
}

export const quay: SandboxVendor<QuaySandbox> = {
  async open(context) {
    const { now, issuers, serve } = context
    const organization = context.repository.split('/', 1)[0] ?? ''
    const [robot, repository] = [`${organization}+puller`, `${context.repository}/hello`]
    const state: QuayState = {
      organizations: new Set([organization]),
      robots: new Map(),
      repositories: new Map([[repository, new Map()]]),
    }
    const operator = createOperator()
    const settings = settingsOf(state, robot)
    const issued = createTokens(state, settings, context)
    const handle: SandboxHandler = async (request) => {
      if (request.method === 'GET' && request.path === '/oauth2/federation/robot/token')
        return await robotToken(request, { state, issuers, now, issue: issued.issue })
      return organizationApi(request, { state, operator }) ?? { status: 404, body: '' }
    }
    const tokens = await serve(handle)
    return {
      parts: { tokens },
      handle,
      url: tokens.url,
      state,
      operator,
      robot,
      repository,
      settings,
      trusted: trustedIn(state),
      environment: { QUAY_TOKEN: operator.token, QUAY_URL: tokens.url },
      registryVariables: {},
      audience: tokens.url,
      /** As an operator does by hand. */
      trust(issuer) {
        state.robots.set(robot, { ...createRobot(robot), entries: [{ issuer, subject: context.subject }] })
        state.repositories.get(repository)?.set(robot, 'read')
      },
      authenticate: issued.authenticate,
    }
  },
}

/** What the first entry of the first robot accepts. */
function trustedIn({ robots }: QuayState): FederatedSandbox['trusted'] {
  const first = () => [...robots.values()][0]
  const change = (fields: Partial<FederationEntry>) => {
    const robot = first()
    const [entry, ...others] = robot?.entries ?? []
    if (robot !== undefined && entry !== undefined) robot.entries = [{ ...entry, ...fields }, ...others]
  }
  return {
    get issuer() {
      return first()?.entries[0]?.issuer ?? ''
    },
    set issuer(issuer) {
      change({ issuer })
    },
    get subject() {
      return first()?.entries[0]?.subject ?? ''
    },
    set subject(subject) {
      change({ subject })
    },
    audience: undefined,
  }
}

/** `name`: of the robot; `pulls`: whether anything may pull. */
function settingsOf(state: QuayState, robot: string): FederatedSandbox['settings'] {
  const { robots, repositories } = state
  return {
    lifeSeconds: 3600,
    get name() {
      return [...robots.keys()][0] ?? robot
    },
    set name(name) {
      const [found] = robots.values()
      if (found === undefined) return
      deleteRobot(state, found.name)
      robots.set(name, { ...found, name })
    },
    get pulls() {
      return [...repositories.values()].some((roles) => roles.size > 0)
    },
    set pulls(pulls) {
      if (!pulls) for (const roles of repositories.values()) roles.clear()
    },
  }
}

function createTokens(state: QuayState, settings: FederatedSandbox['settings'], { now }: SandboxContext) {
  const issued = new Map<string, { readonly robot: string; readonly expiresAt: Date }>()
  return {
    issue: (robot: string): string => {
      const exp = Math.floor(now().getTime() / 1000) + settings.lifeSeconds
      const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
      const token = `${encode({ alg: 'RS256' })}.${encode({ sub: robot, exp })}.${randomBytes(24).toString('base64url')}`
      issued.set(token, { robot, expiresAt: new Date(exp * 1000) })
      return token
    },
    authenticate: ({ username, password }: Parameters<QuaySandbox['authenticate']>[0]) => {
      const found = issued.get(password)
      if (found === undefined || found.robot !== username || found.expiresAt <= now()) return undefined
      return {
        mayPull: (path: string) => state.repositories.get(path)?.has(username) === true,
        denial: () => 'requested access to the resource is denied',
        expiresAt: found.expiresAt,
      }
    },
  }
}
