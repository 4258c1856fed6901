// A model that answers from a YAML file: for the demo, for tests and for simulations. It costs
// nothing, needs no network and never calls anybody. The same request always gets the same answer,
// in this process and after a restart: only the request decides, no hidden counter does (but see
// `faults`).
//
//   turns:                       # the first turn whose `match` fits answers; no turn: a fault
//     - name: write the file     # optional, for messages
//       match:                   # optional; all that is given must hold
//         model: "**"            #   glob on the model's name (here the script's own path)
//         user: add a test       #   text, or a list of texts: in the last user message, each
//         contains: [reviewer]   #   the same: each in the system text or in any message
//         has_tool_result: true  #   whether a tool's result follows the last user message
//         last_tool: write_file  #   the tool whose result ends the request
//         last_result: created   #   text in that result
//         assistant_turns: 2     #   number of assistant messages in the whole request
//         step: 1                #   number of assistant messages after the last user message
//       text: Here it is.        # optional, like all below; nothing at all is an empty answer
//       thinking: Let me see.
//       tool_calls:
//         - name: write_file
//           arguments: {path: a.txt, content: "12"}  # or a text, sent as it is
//           id: call_1           #   made up from the request where absent
//       finish_reason: stop      # else `tool_calls` or `stop`
//       usage: {input: 100, output: 20, cached: 0, reasoning: 0}  # else estimated, and flagged
//       cost: 0.0002             # dollars that the provider claims to have charged
//       delay_ms: 20             # before the first piece
//       chunk: 16                # bytes a piece; else one piece
//       chunk_delay_ms: 5        # between two pieces
//       faults:                  # met first, in this order
//         - status: 429          #   one of `status`,
//           retry_after_ms: 100
//           message: slow down
//         - times: 2             #   how many attempts at this request in this process; else 1
//           cut_after_chunks: 3  #   `cut_after_chunks`: the stream ends after so many pieces,
//         - garbage: true        #   `garbage`: bytes that are no answer,
//         - hang_ms: 60000       #   `hang_ms`: silence until cancelled, or a time-out after so
//         long
//
// Plain scalars in `arguments` have JSON's types (12, 1.5, true, null); quoted ones are texts.
#pragma once

#include "actors/providers/provider.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace ash::provider {

/// A provider that answers from the script at `path`. Errors: `file_not_found`, `io_failed`,
/// `config_invalid` and `unknown_field` with file, line, column and field.
result<std::shared_ptr<model_provider>> load_scripted(const std::string& path);

/// The same from a script's text; `file` is its name in messages.
result<std::shared_ptr<model_provider>> parse_scripted(std::string_view text, std::string file);

} // namespace ash::provider
