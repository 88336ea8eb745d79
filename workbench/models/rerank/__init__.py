"""From scores to lists: candidates, rules, lists filled place by place."""
