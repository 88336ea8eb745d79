from workbench.panels.controls.multi_select import MultiSelect


def test_a_press_turns_a_label_on_or_off_and_keeps_the_order():
    chips = MultiSelect("Models", {"a": "first", "b": "", "c": ""}, ["c"])
    seen = []
    chips.observe(lambda change: seen.append(change.new), "value")
    buttons = chips.children[1:]
    buttons[0].value = True
    buttons[2].value = False
    assert seen == [("a", "c"), ("a",)]
    assert [button.button_style for button in buttons] == ["primary", "", ""]
    assert buttons[0].tooltip == "first"


def test_a_value_that_is_set_moves_the_labels():
    chips = MultiSelect("Models", dict.fromkeys("abc", ""), "ab")
    chips.value = ("b", "c")
    buttons = chips.children[1:]
    assert [button.value for button in buttons] == [False, True, True]
    assert [button.button_style for button in buttons] == ["", "primary", "primary"]
    assert chips.value == ("b", "c")
