from hyperhive.demo.model_message import Block, Message, TextBlock, ToolBlock, Usage


def test_a_message_with_a_tool_call_stops_for_it_and_any_other_ends_the_turn() -> None:
    def stop_reason(*blocks: Block) -> str:
        return Message(blocks, Usage(1, 1)).stop_reason

    assert stop_reason(TextBlock("x"), ToolBlock("Bash", {})) == "tool_use"
    assert stop_reason(TextBlock("x")) == "end_turn"
