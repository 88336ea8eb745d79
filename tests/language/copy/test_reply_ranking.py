from tests.language.stand_ins import Reply
from workbench.language.copy.reply_ranking import ReplyRanking, taste_share

NONE = {}


def test_what_other_lines_have_said_counts_against_a_candidate():
    ranking = ReplyRanking()
    said = Reply(" a good ranking for tonight.", -1.0, 0, 0)
    fresh = Reply(" an easy pick this weekend.", -1.5, 0, 0)
    assert ranking.best([said, fresh], NONE) == said
    assert ranking.best([said, fresh], NONE) == fresh
    assert ranking.best([], NONE) is None


def test_fit_is_the_share_of_the_taste_that_is_spoken_of():
    taste = {"war": 0.5, "crime": 0.25}
    assert taste_share("a warm crime film", taste) == 0.25
    assert taste_share("a war and crime film", taste) == 0.75
    assert taste_share("一部犯罪片", {"犯罪片": 1.0}) == 1.0
