import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

/** Where a page of a list begins and how long it is. */
export class PageQuery {
  /**
   * How many at most.
   * @example 100
   */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit = 1000;

  /**
   * The `next` of the page before.
   * @example null
   */
  @IsOptional()
  @IsString()
  after?: string;
}
