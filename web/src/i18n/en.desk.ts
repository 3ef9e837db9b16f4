/** English of the pages that only the desk opens; brought with the first of them. */
import exchange from "./en/exchange";
import rules from "./en/rules";
import webhooks from "./en/webhooks";

export default { ...exchange, ...rules, ...webhooks };
