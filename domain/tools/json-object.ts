// A JSON object whose members somebody else decides on: a schema, a configuration, arguments. Their number is bounded here,
// so that it is told in the OpenAPI document, too; depth and texts are bounded where a body is read.
import { z } from 'zod'

export const jsonObject = (maxMembers: number) =>
  z
    .record(z.string(), z.unknown())
    .refine((value) => Object.keys(value).length <= maxMembers, `has at most ${maxMembers} members`)
    .meta({ maxProperties: maxMembers })
