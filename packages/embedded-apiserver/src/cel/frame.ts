import { CelBudgetExceeded } from './errors.ts';

/**
 * Cost units one expression may use, the number of Kubernetes (`PerCallLimit` in apiserver/pkg/apis/cel/config.go).
 * A unit here is one step of a loop per node of its body, ten characters built, or one list entry copied.
 */
export const expressionBudget = 1_000_000;
/**
 * Cost units all expressions of one request may use together. Kubernetes allows ten times as many (`RuntimeCELCostBudget`);
 * this server has one thread, and this many units take about a tenth of a second.
 */
export const requestBudget = 2_000_000;

/** What a failure costs that `||`, `&&`, all or exists absorbs: an exception is worth about that many steps. */
export const failureCost = 50;

/** What is left to spend, shared by the expressions of one request. */
export class Budget {
  #left: number;

  constructor(units: number) {
    this.#left = units;
  }

  get left(): number {
    return this.#left;
  }

  /** @throws CelBudgetExceeded */
  spend(units: number): void {
    this.#left -= units;
    if (this.#left < 0) throw new CelBudgetExceeded();
  }
}

/** The state of one evaluation: the values of the variables by slot, and its budget. */
export interface Frame {
  readonly slots: unknown[];
  readonly budget: Budget;
}
