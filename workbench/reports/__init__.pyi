from .batch import report_batch as report_batch
from .execution import report as report
from .sections.campaign import CampaignReport as CampaignReport
from .sections.model import ModelReport as ModelReport
from .sections.user import UserReport as UserReport
