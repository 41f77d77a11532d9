// The words of the board at a glance: Chinese, then English.

export default {
  "board.hud": ["眼镜上", "On the glasses"],
};
