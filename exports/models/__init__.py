from exports.models.heartbeat import Heartbeat
from exports.models.user import User

__all__ = ["Heartbeat", "User"]
