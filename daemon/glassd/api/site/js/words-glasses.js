// The words of the glasses' page: Chinese, then English. Two lines a notice, as all that a wearer is told.

export default {
  "glasses.title": ["glassd 眼镜", "glassd glasses"],
  "glasses.connecting": ["没有连上板子", "Not connected to the board"],
  "glasses.connecting.do": ["正在自动重连", "Trying again by itself"],
  "glasses.nobody": ["板子的配置里没有浏览器眼镜", "The board's config has no browser glasses"],
  "glasses.nobody.do": ["在配置里写 driver: web", "Write driver: web into it"],
  "glasses.replaced": ["另一个页面成了眼镜", "Another page is the glasses now"],
  "glasses.replaced.do": ["触摸或按任意键，换回这里", "Touch or press any key to be them here"],
  "glasses.refused": ["板子看不懂这个页面", "The board does not understand this page"],
  "glasses.refused.do": ["触摸或按任意键，重新载入", "Touch or press any key to load it anew"],
  "glasses.unpaired": ["这副眼镜还没有配对", "These glasses are not paired"],
  "glasses.unpaired.do": [
    "在板子上运行 glassd pair，扫码或输入配对码",
    "Run glassd pair on the board, then scan its QR code or enter the code",
  ],
  "glasses.code": ["配对码", "Pairing code"],
  "glasses.pair": ["配对", "Pair"],
  "glasses.pair.wrong": ["配对码不对，或已经失效", "This code opens nothing, or not any more"],
  "glasses.pair.often": ["试得太多了，请过几分钟再试", "Too many tries: wait a few minutes"],

  "glasses.missing": ["缺少的功能", "What is missing"],
  "glasses.again": ["再试一次", "Try again"],
  "glasses.camera.prompt": ["请在浏览器询问时允许摄像头", "Allow the camera where the browser asks"],
  "glasses.camera.denied": [
    "摄像头被拒绝：点地址旁的图标，允许摄像头",
    "The camera is refused: allow it at the icon beside the address",
  ],
  "glasses.camera.none": ["浏览器找不到摄像头", "The browser finds no camera"],
  "glasses.camera.insecure": [
    "没有摄像头：浏览器只在 HTTPS 或 localhost 的页面上给",
    "No camera: browsers give it to pages from HTTPS or localhost alone",
  ],
  "glasses.camera.busy": ["摄像头被别的应用占用：关掉那个应用", "Another app has the camera: close it"],
  "glasses.camera.failed": ["摄像头打不开，会自动再试", "The camera does not open; it is tried again"],
  "glasses.dark": ["屏幕可能会熄灭：把熄屏时间调长", "The display may go dark: lengthen its timeout"],
};
