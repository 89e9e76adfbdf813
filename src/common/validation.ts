import { type ArgumentMetadata, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { type FieldError, invalidFields } from '../core/errors.js';
import { isJsonObject } from '../core/json-rpc.js';

class RequestValidationPipe extends ValidationPipe {
  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && metadata.metatype !== Object && !isJsonObject(value)) {
      throw invalidFields([{ field: 'body', message: 'takes a JSON object' }]);
    }
    return super.transform(value, metadata);
  }
}

/** Checks bodies and queries against their classes: wrong and unknown fields are refused, each named. */
export function requestValidation(): ValidationPipe {
  return new RequestValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => invalidFields(fieldErrorsOf(errors)),
  });
}

function fieldErrorsOf(errors: readonly ValidationError[], parent = ''): FieldError[] {
  return errors.flatMap((error) => {
    const field = fieldPath(parent, error.property);
    const own = Object.entries(error.constraints ?? {}).map(([rule, text]) => ({
      field,
      message:
        rule === 'whitelistValidation'
          ? 'is not a field of this request'
          : withoutField(text, error.property),
    }));
    return [...own, ...fieldErrorsOf(error.children ?? [], field)];
  });
}

function fieldPath(parent: string, property: string): string {
  if (parent === '') return property;
  return /^\d+$/.test(property) ? `${parent}[${property}]` : `${parent}.${property}`;
}

/** class-validator begins its texts with the property's name, which stands in `field` already. */
function withoutField(text: string, property: string): string {
  return text.startsWith(`${property} `)
    ? text.slice(property.length + 1)
    : text.replace(`in ${property} `, '');
}
