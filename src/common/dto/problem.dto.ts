import { ApiProperty } from '@nestjs/swagger';
import { GATEWAY_ERROR_CODES, type GatewayErrorCode } from '../../core/errors.js';

export class FieldErrorResponse {
  /**
   * Path of the wrong field.
   * @example "files[0]"
   */
  field!: string;

  /**
   * What the field takes.
   * @example "must be a string"
   */
  message!: string;
}

/** RFC 9457 problem document. */
export class ProblemResponse {
  /** @example "urn:clawdforge:error:validation_failed" */
  type!: string;

  /** @example "The request is not valid" */
  title!: string;

  /** @example 422 */
  status!: number;

  /** @example "prompt: must be a string" */
  detail!: string;

  @ApiProperty({
    enum: GATEWAY_ERROR_CODES,
    enumName: 'ErrorCode',
    description: 'One of a closed list.',
    example: 'validation_failed',
  })
  code!: GatewayErrorCode;

  /**
   * Whether the same request may succeed later, unchanged.
   * @example false
   */
  retryable!: boolean;

  /**
   * The same as the header `x-request-id`, and in the server's log.
   * @example "3c9d4f0e-6d0b-4f6f-9d5e-0b7f3f1c2a11"
   */
  request_id!: string;

  /** The wrong fields, with `validation_failed`. */
  errors?: FieldErrorResponse[];
}
