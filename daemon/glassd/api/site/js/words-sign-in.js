// The words of the sign-in.

export default {
  "sign_in.title": ["登录", "Sign in"],
  "sign_in.secret": ["配对码或令牌", "Pairing code or token"],
  "sign_in.show": ["显示", "Show"],
  "sign_in.submit": ["登录", "Sign in"],
  "sign_in.hint_code": ["配对码只能用一次，在板子上运行：", "A pairing code is good once. On the board:"],
  "sign_in.hint_token": ["令牌是配置中 api 一节所指的那个。", "The token is the one that stands behind api: in the board's config."],
  "sign_in.wrong": ["不对，或者这个配对码已经用过、已经过期。", "That is not it, or the code has been used or is too old."],
  "sign_in.wait": ["错得太多。请等 {seconds} 秒再试。", "Too often wrong. Try again in {seconds} s."],
  "sign_in.open": ["正在登录…", "Signing in…"],
};
