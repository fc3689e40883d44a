// How stored configuration names a server that a value of the vault is sent to.
import { z } from 'zod'
import { isSecretReference } from './secret-reference.ts'

/** `secret://path#version`: a value of the vault, resolved where it is used and never before. */
export const secretReference = z
  .string()
  .max(600)
  .refine(isSecretReference, 'is written secret://path or secret://path#version')

const host = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9._:-]+$/, 'is a host name or an address')
export const port = z.int().min(1).max(65_535)
const pem = z
  .string()
  .max(20_000)
  .regex(/^-----BEGIN CERTIFICATE-----/, 'is a certificate in PEM form')

/** TLS is on unless it is turned off; `ca` is for a server whose certificate no public authority signed. */
export const server = { host, tls: z.boolean().default(true), ca: pem.optional() }
