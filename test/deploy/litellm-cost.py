"""Prices usages with LiteLLM: a JSON line {model, provider, callType, usages} in, a JSON list of costs (or "!why") out."""

import json
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # the file of the package, not the one of the day
os.environ["LITELLM_LOG"] = "CRITICAL"

answers = sys.stdout
sys.stdout = sys.stderr  # what the library prints is no answer

import litellm  # noqa: E402
from litellm.types.utils import Usage  # noqa: E402


def usage_of(usage):
    prompt = {"cached_tokens": usage["cached"], "audio_tokens": usage["audioInput"]}
    if usage["write"]:
        prompt["cache_creation_tokens"] = usage["write"]
        prompt["cache_creation_token_details"] = {
            "ephemeral_5m_input_tokens": usage["write"] - usage["write1h"],
            "ephemeral_1h_input_tokens": usage["write1h"],
        }
    completion = {"reasoning_tokens": usage["reasoning"], "audio_tokens": usage["audioOutput"]}
    return Usage(
        prompt_tokens=usage["input"],
        completion_tokens=usage["output"],
        total_tokens=usage["input"] + usage["output"],
        prompt_tokens_details=prompt,
        completion_tokens_details=completion,
    )


def cost_of(ask, usage):
    is_batch = usage["tier"] == "batch"
    try:
        prompt, completion = litellm.cost_per_token(
            model=ask["model"],
            custom_llm_provider=ask["provider"],
            usage_object=usage_of(usage),
            call_type="retrieve_batch" if is_batch else ask["callType"],
            service_tier=None if is_batch or not usage["tier"] else usage["tier"],
        )
        return repr(prompt + completion)
    except Exception as error:  # one model that LiteLLM cannot price is one line of the test's report
        return "!" + str(error)[:200]


for line in sys.stdin:
    ask = json.loads(line)
    print(json.dumps([cost_of(ask, usage) for usage in ask["usages"]]), file=answers, flush=True)
