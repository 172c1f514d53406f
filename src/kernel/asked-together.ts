/** What many ask for in one turn of the event loop, asked for at once: a round trip to a database costs as much for all. */

interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export class AskedTogether<Question, Answer> {
  readonly #askAll: (questions: readonly Question[]) => Promise<readonly Answer[]>;
  readonly #most: number;
  #waiting: Waiting<Question, Answer>[] = [];

  /**
   * @param askAll answers in the order of the questions; if it rejects, nobody who asked gets an answer
   * @param most asked for at once
   */
  constructor(askAll: (questions: readonly Question[]) => Promise<readonly Answer[]>, most = 500) {
    this.#askAll = askAll;
    this.#most = most;
  }

  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ question, resolve, reject }) === 1) setImmediate(this.#onTurn);
    });
  }

  readonly #onTurn = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < waiting.length; from += this.#most) {
      void this.#answer(waiting.slice(from, from + this.#most));
    }
  };

  async #answer(waiting: readonly Waiting<Question, Answer>[]): Promise<void> {
    try {
      const answers = await this.#askAll(waiting.map(({ question }) => question));
      if (answers.length !== waiting.length) throw new Error('not every question was answered');
      for (const [index, { resolve }] of waiting.entries()) resolve(answers[index] as Answer);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
