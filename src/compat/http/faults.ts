import { invalidFields, type FieldError } from '../../core/errors.js';

const MAX_FAULTS = 20;

/** What is wrong with a body, field by field; paths are of the form `messages.2.content.0.type`. */
export class Faults {
  private readonly list: FieldError[] = [];

  add(field: string, message: string): void {
    if (this.list.length < MAX_FAULTS) this.list.push({ field, message });
  }

  /** @throws GatewayError `validation_failed`, when there is anything. */
  throwIfAny(): void {
    if (this.list.length > 0) throw invalidFields(this.list);
  }
}
